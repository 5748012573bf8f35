import type { Column } from "../shared/codec";

/** A column that grows; the memory doubles as needed. */
export class Growing {
  values = new Float64Array(256);
  n = 0;

  append(more: ArrayLike<number>): void {
    const need = this.n + more.length;
    if (need > this.values.length) {
      const larger = new Float64Array(Math.max(need, this.values.length * 2));
      larger.set(this.values.subarray(0, this.n));
      this.values = larger;
    }
    this.values.set(more, this.n);
    this.n = need;
  }

  clear(): void {
    this.n = 0;
  }
}

export type Axis = "episode" | "step" | "time";
export const names = ["episode", "step", "time", "value", "cut"] as const;

export interface Entry {
  panel: string;
  series: string;
  group: number;
  kind: "points" | "line";
  total?: number;
}

/** The key under which a series is known. */
export const keyOf = (entry: Entry): string => JSON.stringify([entry.panel, entry.series, entry.group]);

/**
 * All rows of one series, in the order of their happening, and what its smoothed line is made of: the bucket means of a
 * thinned snapshot, each standing for `count` rows, then the rows that came after it.
 */
export class Series {
  readonly rows = {
    episode: new Growing(),
    step: new Growing(),
    time: new Growing(),
    value: new Growing(),
    cut: new Growing(),
  };
  private readonly base = {
    episode: new Growing(),
    step: new Growing(),
    time: new Growing(),
    value: new Growing(),
    count: new Growing(),
  };
  /** Rows that the snapshot gave; the smoothed line starts behind them when there are means. */
  private thinned = 0;
  /** Rows that the series has had, thinned ones included. */
  total = 0;
  /** Counts the changes: what is drawn is drawn anew when it differs. */
  version = 0;

  constructor(readonly entry: Entry) {}

  get n(): number {
    return this.rows.value.n;
  }

  /** Adds the rows of a tick. `column(name)` finds a column of the frame. */
  append(column: (name: string) => Column | undefined): void {
    for (const name of names) this.rows[name].append(required(column, name));
    this.total += required(column, "value").length;
    this.version += 1;
  }

  /** Starts over from a snapshot. */
  replace(column: (name: string) => Column | undefined, total: number): void {
    for (const growing of [...Object.values(this.rows), ...Object.values(this.base)]) growing.clear();
    this.append(column);
    this.total = total;
    this.thinned = 0;
    const count = column("mean.count");
    if (!count) return;
    this.thinned = this.n;
    this.base.count.append(count);
    for (const name of ["episode", "step", "time", "value"] as const)
      this.base[name].append(required(column, `mean.${name}`));
  }

  /** The column to draw along `axis`; a series without episodes falls back to steps. */
  along(axis: Axis): Axis {
    if (axis !== "episode" || this.n === 0) return axis;
    return Number.isFinite(this.rows.episode.values[this.n - 1]) ? "episode" : "step";
  }

  /**
   * The smoothed line: an exponential moving average over about `window` rows, s ← s + (1 − d)(v − s) with
   * d = 1 − 2/(window + 1), started as a plain mean so that the first rows are not pulled to the first value. A bucket that
   * stands for c rows counts as c of them. Values that are not finite are passed over.
   */
  smooth(axis: Axis, window: number): { x: Float64Array; y: Float64Array; n: number } {
    const xs = this.base[this.along(axis)];
    const tail = this.rows[this.along(axis)];
    const size = this.base.value.n + this.n - this.thinned;
    const [x, y] = [new Float64Array(size), new Float64Array(size)];
    const decay = 1 - 2 / (Math.max(1, window) + 1);
    let [average, seen, n] = [0, 0, 0];
    const push = (at: number, value: number, count: number) => {
      if (!Number.isFinite(value) || !Number.isFinite(at)) return;
      seen += count;
      const share = Math.max(1 - decay ** count, Math.min(1, count / seen));
      average += share * (value - average);
      x[n] = at;
      y[n++] = average;
    };
    for (let i = 0; i < this.base.value.n; i++)
      push(xs.values[i] as number, this.base.value.values[i] as number, this.base.count.values[i] as number);
    for (let i = this.thinned; i < this.n; i++)
      if (!this.rows.cut.values[i]) push(tail.values[i] as number, this.rows.value.values[i] as number, 1);
    return { x, y, n };
  }
}

function required(column: (name: string) => Column | undefined, name: string): Column {
  const found = column(name);
  if (!found) throw new Error(`a frame from Python lacks the column "${name}"`);
  return found;
}

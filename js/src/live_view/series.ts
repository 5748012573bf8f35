import type { Column } from "../shared/codec";
import { thinnedRows } from "../shared/downsample";
import { Curve, type Wanted } from "./curve";
import { Growing } from "./growing";

export type Axis = "episode" | "step" | "time";
export const names = ["episode", "step", "time", "value", "cut", "lane"] as const;

export interface Entry {
  panel: string;
  series: string;
  group: number;
  kind: "points" | "line";
  total?: number;
}

/** Finds a column of a frame by its name. */
export type Find = (name: string) => Column | undefined;

/** Rows a series keeps in the browser; beyond, the old ones are thinned, and the kernel is asked when somebody zooms in. */
export const MOST = 20_000;
const MOST_MEANS = 8_000;
const ROWS_A_MEAN = 8;

/** The key under which a series is known. */
export const keyOf = (entry: Entry): string => JSON.stringify([entry.panel, entry.series, entry.group]);

const columns = () => ({
  episode: new Growing(),
  step: new Growing(),
  time: new Growing(),
  value: new Growing(),
  cut: new Growing(),
  lane: new Growing(),
});
export type Rows = ReturnType<typeof columns>;

/**
 * The rows of one series, in the order of their happening, and what its smoothed line is made of: bucket means of what was
 * thinned, each standing for `count` rows, then the rows that came after it.
 */
export class Series {
  readonly rows = columns();
  readonly base = {
    episode: new Growing(),
    step: new Growing(),
    time: new Growing(),
    value: new Growing(),
    count: new Growing(),
  };
  /** Rows in front that are thinned; the smoothed line starts behind them when there are means. */
  thinned = 0;
  /** Rows that the series has had, thinned ones included. */
  total = 0;
  /** Counts the changes: what is drawn is drawn anew when it differs. */
  version = 0;
  /** The lanes that have had a row. */
  readonly lanes = new Set<number>();
  /** What the kernel sent for the window that is looked at. */
  detail: { axis: Axis; from: number; to: number; series: Series } | null = null;
  private curve: Curve | null = null;

  constructor(readonly entry: Entry) {}

  get n(): number {
    return this.rows.value.n;
  }

  /** Whether every row that ever was is here. */
  get complete(): boolean {
    return this.total <= this.n;
  }

  /** Adds the rows of a tick. */
  append(column: Find): void {
    const added = required(column, "value").length;
    for (const name of names) {
      const values = name === "lane" ? column(name) : required(column, name);
      this.rows[name].append(values ?? new Uint8Array(added));
    }
    for (const lane of column("lane") ?? []) this.lanes.add(lane);
    this.total += added;
    this.version += 1;
    if (this.n > MOST) this.thin();
  }

  /** Starts over from a snapshot. */
  replace(column: Find, total: number): void {
    for (const growing of [...Object.values(this.rows), ...Object.values(this.base)]) growing.clear();
    this.curve = null;
    this.detail = null;
    this.thinned = 0;
    this.append(column);
    this.total = total;
    const count = column("mean.count");
    if (!count) return;
    this.thinned = this.n;
    this.base.count.append(count);
    for (const name of ["episode", "step", "time", "value"] as const)
      this.base[name].append(required(column, `mean.${name}`));
  }

  /** What is drawn of it; worked out from where the last one ended. */
  drawn(wanted: Wanted): Curve {
    if (!this.curve?.is(wanted)) this.curve = new Curve(wanted);
    this.curve.advance(this);
    return this.curve;
  }

  /** Half as many rows, no extreme lost; the smoothed line goes on from means of what has gone. */
  private thin(): void {
    const { rows, base } = this;
    for (let i = this.thinned; i < this.n; i += ROWS_A_MEAN) {
      const sums = { episode: 0, step: 0, time: 0, value: 0 };
      let count = 0;
      for (let k = i; k < Math.min(this.n, i + ROWS_A_MEAN); k++) {
        if (!Number.isFinite(rows.value.values[k]) || rows.cut.values[k]) continue;
        count++;
        for (const name of ["episode", "step", "time", "value"] as const) sums[name] += rows[name].values[k] as number;
      }
      if (count === 0) continue;
      base.count.push(count);
      for (const name of ["episode", "step", "time", "value"] as const) base[name].push(sums[name] / count);
    }
    while (base.count.n > MOST_MEANS) this.joinMeans();
    const kept = thinnedRows(rows.value.values, this.n, MOST / 8);
    for (const name of names) rows[name].keep(kept);
    this.thinned = this.n;
    this.curve = null;
  }

  private joinMeans(): void {
    const { count, ...rest } = this.base;
    const pairs = Math.ceil(count.n / 2);
    for (let k = 0; k < pairs; k++) {
      const [i, j] = [2 * k, 2 * k + 1];
      const [a, b] = [count.values[i] as number, j < count.n ? (count.values[j] as number) : 0];
      for (const column of Object.values(rest)) {
        const other = b ? (column.values[j] as number) : 0;
        column.values[k] = ((column.values[i] as number) * a + other * b) / (a + b);
      }
      count.values[k] = a + b;
    }
    for (const column of Object.values(this.base)) column.n = pairs;
  }
}

function required(column: Find, name: string): Column {
  const found = column(name);
  if (!found) throw new Error(`a frame from Python lacks the column "${name}"`);
  return found;
}

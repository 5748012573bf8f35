import { Growing } from "./growing";
import type { Axis, Series } from "./series";

/** How a series is to be drawn. `lane` null: all lanes. */
export interface Wanted {
  axis: Axis;
  smoothing: number;
  lane: number | null;
}

/** Points to draw, and the row of the series behind each. */
export class Dots {
  readonly x = new Growing();
  readonly y = new Growing();
  readonly row = new Growing();

  add(x: number, y: number, row: number): void {
    this.x.push(x);
    this.y.push(y);
    this.row.push(row);
  }

  /** The columns as a plot takes them. */
  get data(): { x: Float64Array; y: Float64Array; n: number } {
    return { x: this.x.values, y: this.y.values, n: this.x.n };
  }
}

/**
 * What is drawn of a series: its finished and its cut rows, the smoothed line, and the best so far. Rows that come later
 * are added to what is there.
 *
 * The smoothed line is an exponential moving average over about `smoothing` rows, s ← s + (1 − d)(v − s) with
 * d = 1 − 2/(smoothing + 1), started as a plain mean so that the first rows are not pulled to the first value. A bucket
 * that stands for c rows counts as c of them. Values that are not finite are passed over.
 */
export class Curve {
  readonly done = new Dots();
  readonly cut = new Dots();
  readonly line = new Dots();
  /** The highest value so far, as a staircase; of series that are points. */
  readonly best = new Dots();
  private average = 0;
  private seen = 0;
  private top = -Infinity;
  private upto = 0;

  constructor(private readonly wanted: Wanted) {}

  is({ axis, smoothing, lane }: Wanted): boolean {
    return axis === this.wanted.axis && smoothing === this.wanted.smoothing && lane === this.wanted.lane;
  }

  /** Takes in the rows that are new in `series`. */
  advance(series: Series): void {
    const { axis, lane } = this.wanted;
    const { rows, base } = series;
    const xs = rows[axis].values;
    const means = lane === null && this.upto === 0 ? base.value.n : 0;
    for (let i = 0; i < means; i++)
      this.smooth(base[axis].values[i] as number, base.value.values[i] as number, base.count.values[i] as number, -1);
    const smoothFrom = lane === null ? series.thinned : 0;
    for (let i = this.upto; i < series.n; i++) {
      if (lane !== null && rows.lane.values[i] !== lane) continue;
      const x = xs[i] as number;
      const y = rows.value.values[i] as number;
      if (rows.cut.values[i]) {
        this.cut.add(x, y, i);
        continue;
      }
      this.done.add(x, y, i);
      if (i >= smoothFrom) this.smooth(x, y, 1, i);
      if (series.entry.kind === "points") this.climb(x, y, i);
    }
    this.upto = series.n;
  }

  /** The smoothed value at the end; NaN before there is one. */
  get last(): number {
    return this.line.y.n > 0 ? this.average : Number.NaN;
  }

  private smooth(x: number, value: number, count: number, row: number): void {
    if (!Number.isFinite(value) || !Number.isFinite(x)) return;
    this.seen += count;
    const decay = 1 - 2 / (Math.max(1, this.wanted.smoothing) + 1);
    const share = Math.max(1 - decay ** count, Math.min(1, count / this.seen));
    this.average += share * (value - this.average);
    this.line.add(x, this.average, row);
  }

  private climb(x: number, value: number, row: number): void {
    const { best } = this;
    if (value > this.top) {
      if (best.x.n > 0) best.add(x, this.top, row);
      this.top = value;
      best.add(x, value, row);
      best.add(x, value, row); // the end of the staircase, moved on with every row
    } else if (best.x.n > 0) {
      best.x.values[best.x.n - 1] = x;
    }
  }
}

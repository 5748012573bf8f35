import { type Numbers, visibleRows } from "./downsample";
import type { Stroke, Trace } from "./strokes";
import type { Warp } from "./warp";

/** The rows of a trace: the first `n` of each column. A band has `low` and `y` (its upper edge). */
export interface TraceData {
  x: Numbers;
  y: Numbers;
  n: number;
  low?: Numbers;
}

/** A trace, its rows, and those of them that are on screen. */
export interface Drawn {
  trace: Trace;
  data: TraceData;
  visible: boolean;
  row: Uint32Array;
  x: Float64Array;
  y: Float64Array;
  low: Float64Array | null;
}

/** The screen's part of a trace of which nothing is shown. */
export const nothing = () => ({ row: new Uint32Array(), x: new Float64Array(), y: new Float64Array(), low: null });

const [LEAST_BUCKETS, MOST_BUCKETS] = [250, 600]; // 4 rows each at most: some 1,000 to 2,400 points a series in view

/** One bucket a pixel, within bounds. */
export const bucketsOf = (width: number): number => Math.max(LEAST_BUCKETS, Math.min(MOST_BUCKETS, width));

/** Chooses the rows that are drawn between two values of x. */
export function select(drawn: Drawn, from: number, to: number, buckets: number): void {
  const { data } = drawn;
  const row = visibleRows(data.x, data.y, data.n, from, to, buckets);
  const pick = (values: Numbers) => {
    const picked = new Float64Array(row.length);
    for (let k = 0; k < row.length; k++) picked[k] = values[row[k] as number] as number;
    return picked;
  };
  drawn.row = row;
  drawn.x = pick(data.x);
  drawn.y = pick(data.y);
  drawn.low = data.low ? pick(data.low) : null;
}

const order = ["band", "points", "hollow", "line"];

/** What is on screen in pixels, in the order of painting; each axis an offset and a factor. */
export function strokesOf(shown: Drawn[], sx: [number, number], sy: [number, number], warp: Warp): Stroke[] {
  const pixels = (x: Float64Array, y: Float64Array) => {
    const xy = new Float32Array(2 * x.length);
    for (let i = 0; i < x.length; i++) {
      xy[2 * i] = sx[0] + sx[1] * (x[i] as number);
      xy[2 * i + 1] = sy[0] + sy[1] * warp.to(y[i] as number);
    }
    return xy;
  };
  return shown
    .filter(({ row }) => row.length > 0)
    .sort((a, b) => order.indexOf(a.trace.kind) - order.indexOf(b.trace.kind))
    .map(({ trace, x, y, low }) => ({ trace, color: "", xy: pixels(x, y), low: low && pixels(x, low) }));
}

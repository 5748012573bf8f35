/** Numbers in order, indexable: typed arrays and plain arrays alike. */
export type Numbers = ArrayLike<number>;

/**
 * The rows of a series to draw between `from` and `to`, at most about `4 * buckets` of them.
 *
 * M4 (Jugel et al., 2014, "M4: A Visualization-Oriented Time Series Data Aggregation"): the span is cut into `buckets`,
 * and each keeps its first, lowest, highest and last row, so that no extreme is lost. A row on either side of the window
 * is kept too, or a line would end before the edge. Rows whose x is NaN are nowhere; a NaN in y is no extreme.
 */
export function visibleRows(x: Numbers, y: Numbers, n: number, from: number, to: number, buckets: number): Uint32Array {
  let [before, after, inside] = [-1, -1, 0];
  for (let i = 0; i < n; i++) {
    const at = x[i] as number;
    if (at >= from && at <= to) inside++;
    else if (at < from) before = i;
    else if (at > to && after < 0) after = i;
  }
  const rows = new Uint32Array(Math.min(inside, 4 * buckets + 4) + 2);
  let count = 0;
  if (before >= 0) rows[count++] = before;
  if (inside <= 4 * buckets) {
    for (let i = 0; i < n; i++) if ((x[i] as number) >= from && (x[i] as number) <= to) rows[count++] = i;
  } else {
    count = thin(rows, count, x, y, n, from, to, buckets);
  }
  if (after >= 0) rows[count++] = after;
  return rows.slice(0, count);
}

function thin(
  rows: Uint32Array,
  start: number,
  x: Numbers,
  y: Numbers,
  n: number,
  from: number,
  to: number,
  buckets: number,
): number {
  const kept = new Int32Array(4 * (buckets + 1)).fill(-1); // first, lowest, highest, last row of each bucket
  const width = (to - from) / buckets || 1;
  for (let i = 0; i < n; i++) {
    const at = x[i] as number;
    if (!(at >= from && at <= to)) continue;
    const k = 4 * Math.floor((at - from) / width);
    if ((kept[k] as number) < 0) {
      kept[k] = kept[k + 1] = kept[k + 2] = kept[k + 3] = i;
      continue;
    }
    const value = y[i] as number;
    if (value < (y[kept[k + 1] as number] as number) || Number.isNaN(y[kept[k + 1] as number])) kept[k + 1] = i;
    if (value > (y[kept[k + 2] as number] as number) || Number.isNaN(y[kept[k + 2] as number])) kept[k + 2] = i;
    kept[k + 3] = i;
  }
  let count = start;
  for (let k = 0; k < kept.length; k += 4) {
    if ((kept[k] as number) < 0) continue;
    const [first, low, high, last] = kept.subarray(k, k + 4) as unknown as [number, number, number, number];
    rows[count++] = first;
    const [one, two] = low < high ? [low, high] : [high, low];
    if (one > first) rows[count++] = one;
    if (two > one && two < last) rows[count++] = two;
    if (last > first && last !== one) rows[count++] = last;
  }
  return count;
}

/** The rows that stay when a series of `n` is thinned to about `4 * buckets`: M4 over buckets of equal count. */
export function thinnedRows(y: Numbers, n: number, buckets: number): Uint32Array {
  const index = new Float64Array(n);
  for (let i = 0; i < n; i++) index[i] = i;
  return visibleRows(index, y, n, 0, n - 1, buckets);
}

/** The smallest and largest finite value of the first `n`, joined with `range`. */
export function extent(values: Numbers, n: number, range: [number, number] = [Infinity, -Infinity]): [number, number] {
  let [low, high] = range;
  for (let i = 0; i < n; i++) {
    const value = values[i] as number;
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  return [low, high];
}

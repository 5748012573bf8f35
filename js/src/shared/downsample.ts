/** Numbers in order, indexable: typed arrays and plain arrays alike. */
export type Numbers = ArrayLike<number>;

/**
 * The rows of a series to draw between `from` and `to`, at most about `4 * buckets` of them.
 *
 * M4 (Jugel et al., 2014, "M4: A Visualization-Oriented Time Series Data Aggregation"): the span is cut into `buckets`,
 * and each keeps its first, lowest, highest and last row, so that no extreme is lost. A row on either side of the window
 * is kept too, or a line would end before the edge. Rows whose x or y is NaN are left out of the bucket's extremes.
 */
export function visibleRows(x: Numbers, y: Numbers, n: number, from: number, to: number, buckets: number): Uint32Array {
  let before = -1;
  let after = -1;
  const inside: number[] = [];
  for (let i = 0; i < n; i++) {
    const at = x[i] as number;
    if (at < from) before = i;
    else if (at > to) {
      if (after < 0) after = i;
    } else if (at >= from) inside.push(i); // a NaN is nowhere
  }
  let rows = inside;
  if (inside.length > 4 * buckets) {
    rows = [];
    const width = (to - from) / buckets || 1;
    let bucket = -1;
    let [first, low, high, last] = [-1, -1, -1, -1];
    const close = () => {
      if (first < 0) return;
      for (const row of [...new Set([first, low, high, last])].sort((a, b) => a - b)) rows.push(row);
    };
    for (const i of inside) {
      const now = Math.floor(((x[i] as number) - from) / width);
      if (now !== bucket) {
        close();
        bucket = now;
        first = low = high = i;
      } else {
        const value = y[i] as number;
        if (!(value >= (y[low] as number))) low = i;
        if (!(value <= (y[high] as number))) high = i;
      }
      last = i;
    }
    close();
  }
  if (before >= 0) rows.unshift(before);
  if (after >= 0) rows.push(after);
  return Uint32Array.from(rows);
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

import { extent, type Numbers } from "./downsample";

/** The span that shows columns of numbers. */
export class Span {
  constructor(
    private low: number,
    private high: number,
  ) {}

  /** Takes in one more value, unless the span would become more than `most` times as long. */
  reach(value: number, most: number): void {
    if (!Number.isFinite(value)) return;
    const [low, high] = [Math.min(this.low, value), Math.max(this.high, value)];
    if (high - low <= most * (this.high - this.low)) [this.low, this.high] = [low, high];
  }

  /** Leaves a margin of that share on both sides; a single value gets some room. */
  pad(share: number): this {
    const length = this.high - this.low;
    const size = Math.abs(this.high);
    const lonely = size > 0 && size < 1 ? size / 2 : Math.max(1, size * 0.1) / 2; // a learning rate of 3e-4 is not 0
    const room = length > 0 ? length * share : lonely;
    this.low -= room;
    this.high += room;
    return this;
  }

  get ends(): [number, number] {
    return [this.low, this.high];
  }
}

/** The span of the first `n` values of each column; 0 to 1 where there are none. */
export function covering(columns: readonly (readonly [Numbers, number])[]): Span {
  let range: [number, number] = [Infinity, -Infinity];
  for (const [values, n] of columns) range = extent(values, n, range);
  return range[0] <= range[1] ? new Span(...range) : new Span(0, 1);
}

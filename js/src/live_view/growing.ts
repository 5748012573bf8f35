/** A column that grows; the memory doubles as needed. */
export class Growing {
  values = new Float64Array(256);
  n = 0;

  append(more: ArrayLike<number>): void {
    this.reserve(this.n + more.length);
    this.values.set(more, this.n);
    this.n += more.length;
  }

  push(value: number): void {
    if (this.n === this.values.length) this.reserve(this.n + 1);
    this.values[this.n++] = value;
  }

  /** Keeps the rows of these indices, which ascend. */
  keep(rows: Uint32Array): void {
    for (let k = 0; k < rows.length; k++) this.values[k] = this.values[rows[k] as number] as number;
    this.n = rows.length;
  }

  clear(): void {
    this.n = 0;
  }

  private reserve(need: number): void {
    if (need <= this.values.length) return;
    const larger = new Float64Array(Math.max(need, this.values.length * 2));
    larger.set(this.values.subarray(0, this.n));
    this.values = larger;
  }
}

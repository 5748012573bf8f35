/** Does a thing once it has not been asked for during `ms`. */
export class Later {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ms: number,
    private readonly act: () => void,
  ) {}

  soon(ms = this.ms): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.act, ms);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

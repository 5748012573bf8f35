import type { Content, Model } from "../src/shared/types";

/** A model as anywidget gives it, without a kernel. */
export class FakeModel implements Model {
  readonly sent: Content[] = [];
  private readonly listeners = new Map<string, ((...args: never[]) => void)[]>();

  constructor(private readonly traits: Record<string, unknown> = {}) {}

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    this.traits[name] = value;
    this.call(`change:${name}`);
  }

  save_changes(): void {}

  send(content: unknown): void {
    this.sent.push(content as Content);
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  off(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(
      event,
      (this.listeners.get(event) ?? []).filter((one) => one !== listener),
    );
  }

  /** A message from Python. */
  emit(content: Content, buffers: unknown[] = []): void {
    this.call("msg:custom", content, buffers);
  }

  get listening(): number {
    return [...this.listeners.values()].flat().length;
  }

  private call(event: string, ...args: unknown[]): void {
    for (const listener of this.listeners.get(event) ?? []) (listener as (...args: unknown[]) => void)(...args);
  }
}

/** A frame with no columns, as `rlnb/widgets/codec.py` writes it. */
export function frame(meta: unknown): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ meta, columns: [] }));
  const size = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + size).fill(32);
  bytes.set([0x52, 0x4c, 0x42, 0x31]);
  new DataView(bytes.buffer).setUint32(4, size, true);
  bytes.set(text, 8);
  return bytes;
}

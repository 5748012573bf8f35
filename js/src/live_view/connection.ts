import { decode, type Frame } from "../shared/codec";
import { type Bytes, type Content, type Model, onMessage } from "../shared/types";

/** What happens on the wire, to the view. */
export interface Listener {
  snapshot(frame: Frame): void;
  tick(frame: Frame): void;
  /** All rows of a window that was asked for. */
  detail(frame: Frame): void;
  /** Anything else: says whether it was a message about films or the training that is watched. */
  film(content: Content, buffers: Bytes[]): boolean;
  error(text: string): void;
  /** "waiting" for the first answer, "on", "again": asked whether anyone is there, or "off": the kernel says nothing. */
  connected(state: Connected): void;
}

export type Connected = "waiting" | "on" | "again" | "off";

const ANSWER = 5000; // ms to wait for an answer to a hello
const RETRY = 15000; // ms between hellos while nobody answers
const EACH = 3; // ticks that are acknowledged together
const OWED = 400; // ms that an answer may wait for the next tick
const SILENCE = 6000; // ms without a tick of a running session before asking whether anyone is there

/** The view's end of the acknowledgement gate: hello, ticks in order, an answer to a gap, and the kernel's silence noticed. */
export class Connection {
  private readonly view = Math.random().toString(36).slice(2, 10);
  private seq: number | null = null; // the last tick that is in the data; null before the first snapshot
  private readonly stop: () => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private owed: ReturnType<typeof setTimeout> | undefined;
  private state: Connected = "waiting";
  /** Whether silence would be strange: set by the view while the session runs. */
  expectsTicks = false;
  /** Whether the kernel hears at present. Where it does not, one hello waits for it, and no second is said. */
  hears = true;

  constructor(
    private readonly model: Model,
    private readonly listener: Listener,
  ) {
    this.stop = onMessage(model, (content, buffers) => this.receive(content, buffers));
    this.hello();
  }

  command(name: string, payload: Record<string, unknown> = {}): void {
    this.send({ type: "command", name, payload });
    if (this.state === "on" && this.hears) this.arm(ANSWER, () => this.again()); // nothing comes back: is anyone there?
  }

  /** Asks whether anyone is there. */
  again(): void {
    this.become("again");
    this.hello();
  }

  /** Asks for all rows between two values of an axis; the answer is thinned to what a screen shows. */
  detail(window: { axis: string; from: number; to: number }): void {
    this.send({ type: "detail", view: this.view, ...window });
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.owed);
    this.stop();
  }

  private hello(): void {
    this.send({ type: "hello", view: this.view });
    this.arm(this.state === "off" ? RETRY : ANSWER, () => {
      this.become("off");
      if (this.hears) this.hello();
    });
  }

  private receive(content: Content, buffers: Bytes[]): void {
    if (content.to !== undefined && content.to !== this.view) return;
    this.heard();
    try {
      this.take(content, buffers);
    } catch (error) {
      this.listener.error(`This view could not take in what the kernel sent: ${(error as Error).message}`);
    }
  }

  private take(content: Content, buffers: Bytes[]): void {
    switch (content.type) {
      case "tick":
        return this.tick(content.seq as number, buffers);
      case "snapshot":
        this.seq = content.seq as number;
        this.listener.snapshot(decode(first(buffers)));
        return this.send({ type: "ack", seq: this.seq });
      case "answer": // to a click, of any view: comes at once, counts for nothing
        return this.listener.tick(decode(first(buffers)));
      case "detail":
        return this.listener.detail(decode(first(buffers)));
      case "error":
        return this.listener.error(String(content.text));
      default:
        if (this.listener.film(content, buffers)) return;
        this.listener.error(`The kernel sent a message that this view does not know: ${JSON.stringify(content.type)}`);
    }
  }

  private tick(seq: number, buffers: Bytes[]): void {
    if (this.seq === null || seq <= this.seq) return; // the snapshot has it, or will have it
    if (seq !== this.seq + 1) {
      this.seq = null;
      return this.hello();
    }
    this.seq = seq;
    this.listener.tick(decode(first(buffers)));
    clearTimeout(this.owed);
    const answer = () => this.send({ type: "ack", seq });
    if (seq % EACH === 0) answer();
    else this.owed = setTimeout(answer, OWED); // with the next ones: an answer costs the kernel as much as a tick
  }

  private heard(): void {
    this.become("on");
    this.arm(SILENCE, () => {
      if (this.expectsTicks) this.again();
    });
  }

  private arm(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  private become(state: Connected): void {
    if (state === this.state) return;
    this.state = state;
    this.listener.connected(state);
  }

  private send(content: Content): void {
    try {
      this.model.send(content);
    } catch {
      this.become("off"); // a page without a kernel
    }
  }
}

function first(buffers: Bytes[]): Bytes {
  const buffer = buffers[0];
  if (!buffer) throw new Error("a message from Python came without its buffer");
  return buffer;
}

import { toBytes } from "../shared/codec";
import { h, icon, on, undoAll } from "../shared/dom";
import { Later } from "../shared/later";
import type { Bytes, Content } from "../shared/types";
import type { Header } from "./header";

type Command = (name: string, payload?: Record<string, unknown>) => void;

const PERIOD = 100; // ms between two pictures
const CALM = 1000; // ms between them for somebody who wants little motion
const AGAIN = 3000; // ms without an answer before the wish is said again
const RETRY = 1000; // ms after a word of why there is no picture
const TALL = 280; // pixels: a smaller picture is enlarged in sharp squares

const eye =
  "M8 3.2c3.4 0 5.9 2.6 6.9 4.5a.6.6 0 0 1 0 .6c-1 1.9-3.5 4.5-6.9 4.5S2.1 10.2 1.1 8.3a.6.6 0 0 1 0-.6C2.1 5.8 4.6 3.2 8 3.2zm0 2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z";

/** The running training, looked at: the newest picture of one lane. It asks for each picture when the one before it is
 * on screen, so that nothing waits in line, and a view that nobody sees asks for none. */
export class Watch {
  readonly button = h("button", { class: "rlnb-button", type: "button", "aria-pressed": "false" }, icon(eye), "Watch");
  readonly el = h("section", { class: "rlnb-watch", "aria-label": "Watch", hidden: true });
  private readonly picture = h("img", { class: "rlnb-watch-picture", alt: "", hidden: true });
  private readonly words = h("p", { class: "rlnb-watch-words" });
  private readonly note = h("p", { class: "rlnb-watch-note", role: "status" });
  private readonly lane = h("input", { class: "rlnb-input", type: "number", min: 0, step: 1, "aria-label": "Lane" });
  private readonly choice = h("label", { class: "rlnb-watch-lane", hidden: true }, "Lane", this.lane);
  private readonly view = Math.random().toString(36).slice(2, 10);
  private readonly next = new Later(PERIOD, () => this.ask());
  private readonly again = new Later(AGAIN, () => this.ask());
  private readonly retry = new Later(RETRY, () => this.ask());
  private readonly undo: () => void;
  private asked = 0;
  private chosen: number | null = null;
  private fresh = true; // no picture of this lane yet
  private typing = false; // a lane, which no picture of another may take away
  private inSight = true;
  private owed = false; // a wish was not said, since nobody looks
  private url = "";

  constructor(private readonly command: Command) {
    this.button.title = "See the newest picture of the running training";
    const close = h("button", { class: "rlnb-button rlnb-button-quiet", type: "button" }, "Close");
    this.el.append(h("div", { class: "rlnb-watch-head" }, this.choice, this.words, close), this.note, this.picture);
    this.button.addEventListener("click", () => (this.el.hidden ? this.open() : this.close()));
    close.addEventListener("click", () => this.leave());
    this.el.addEventListener("keydown", (event) => {
      event.stopPropagation(); // Jupyter's own shortcuts must not hear what is typed here
      if (event.key === "Escape") this.leave();
    });
    this.lane.addEventListener("input", () => {
      this.typing = true;
    });
    this.lane.addEventListener("change", () => this.choose());
    for (const done of ["load", "error"]) this.picture.addEventListener(done, () => this.drawn());
    const sight = new IntersectionObserver((entries) => {
      this.inSight = entries.some((entry) => entry.isIntersecting);
      this.catchUp();
    });
    sight.observe(this.el);
    this.undo = undoAll([() => sight.disconnect(), on(document, "visibilitychange", () => this.catchUp())]);
  }

  /** Takes the header in: is there something to watch, and how many lanes? */
  show(header: Header, alive: boolean): void {
    this.button.hidden = !header.controls?.includes("watch");
    const lanes = header.lanes ?? 1;
    this.choice.hidden = lanes < 2;
    this.lane.max = String(Math.max(0, lanes - 1));
    if (!alive && !this.el.hidden) this.close();
  }

  /** Takes a message of the kernel in, if it is one about this; says whether it was. */
  receive(content: Content, buffers: Bytes[]): boolean {
    if (content.type !== "glance" && content.type !== "glance_note") return false;
    const mine = (content.views as string[]).includes(this.view);
    if (!mine || this.el.hidden) return true;
    if (content.type === "glance_note") {
      this.note.textContent = String(content.text);
      this.again.stop();
      this.retry.soon();
      return true;
    }
    if (this.chosen !== null && content.lane !== this.chosen) return true; // of the lane before
    this.fresh = false;
    this.again.stop();
    if (this.chosen === null && !this.typing) this.lane.value = String(content.lane);
    this.note.textContent = "";
    this.words.textContent = String(content.words);
    this.picture.alt = `The running training, lane ${content.lane}`;
    const before = this.url;
    this.url = URL.createObjectURL(new Blob([toBytes(buffers[0] as Bytes) as BlobPart], { type: "image/jpeg" }));
    this.picture.src = this.url;
    if (before) URL.revokeObjectURL(before);
    this.picture.hidden = false;
    return true;
  }

  destroy(): void {
    this.close();
    this.undo();
  }

  private open(): void {
    this.el.hidden = false;
    this.button.setAttribute("aria-pressed", "true");
    this.begin("Waiting for the first picture …");
  }

  private begin(words: string): void {
    this.fresh = true;
    this.note.textContent = words;
    this.ask();
  }

  private choose(): void {
    const lane = Math.max(0, Math.min(Number(this.lane.max), Math.round(Number(this.lane.value))));
    this.lane.value = String(lane);
    this.typing = false;
    this.chosen = lane;
    this.begin(`Waiting for a picture of lane ${lane} …`);
  }

  /** Closes, and gives the keyboard back to the button. */
  private leave(): void {
    this.close();
    this.button.focus();
  }

  private close(): void {
    if (this.el.hidden) return;
    this.el.hidden = this.picture.hidden = true;
    this.button.setAttribute("aria-pressed", "false");
    for (const one of [this.next, this.again, this.retry]) one.stop();
    this.owed = false;
    this.words.textContent = "";
    this.picture.removeAttribute("src");
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
    this.command("unwatch", { view: this.view });
  }

  private ask(): void {
    for (const one of [this.next, this.again, this.retry]) one.stop();
    if (this.el.hidden) return;
    this.owed = document.hidden || !this.inSight;
    if (this.owed) return;
    this.asked = performance.now();
    this.command("watch", { view: this.view, lane: this.chosen, fresh: this.fresh });
    this.again.soon();
  }

  /** The picture is on screen: the next one may come. */
  private drawn(): void {
    const small = this.picture.naturalHeight < TALL;
    this.picture.classList.toggle("rlnb-watch-small", small);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.next.soon(Math.max(0, (calm ? CALM : PERIOD) - (performance.now() - this.asked)));
  }

  private catchUp(): void {
    if (this.owed) this.ask();
  }
}

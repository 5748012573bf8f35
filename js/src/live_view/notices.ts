import { h, icon } from "../shared/dom";
import type { Connected } from "./connection";

const chart = "M1.5 2v11.5H14V15H0V2zM4 11l3-4 2.5 2L13.5 3l1.2.8-4.9 7.1L7.3 9l-2.1 2.9z";

/** What the view says of itself: errors, a kernel that is silent, and that there is nothing to draw yet. */
export class Notices {
  private readonly error = h("p", { class: "rlnb-notice", role: "alert", hidden: true });
  private readonly words = h("span");
  private readonly retry = h("button", { class: "rlnb-button", type: "button" }, "Try again");
  private readonly lost = h("p", { class: "rlnb-notice rlnb-lost", role: "status", hidden: true });
  private readonly title = h("strong");
  private readonly hint = h("span");
  /** In place of the charts. */
  readonly empty = h("p", { class: "rlnb-empty" }, icon(chart), this.title, this.hint);
  readonly elements = [this.error, this.lost];

  constructor(retry: () => void) {
    this.lost.append(this.words, this.retry);
    this.retry.addEventListener("click", retry);
  }

  say(text: string): void {
    this.error.textContent = text;
    this.error.hidden = false;
  }

  /** `runs`: the session was not over when it was last heard of. */
  show(connected: Connected, runs: boolean, empty: boolean): void {
    this.lost.hidden = connected !== "off" && !(connected === "again" && runs);
    this.lost.dataset.quiet = String(!runs);
    this.retry.hidden = connected !== "off";
    set(this.words, connected === "again" ? "No word from the kernel. Asking again …" : silence(runs));
    this.empty.hidden = !empty;
    if (!empty) return;
    const gone = connected === "off";
    set(
      this.title,
      gone ? "Nothing was recorded here." : runs ? "Waiting for the first episode\u00a0…" : "No episode ended.",
    );
    set(this.hint, runs && !gone ? "The charts appear when it ends, or when a number is logged." : "");
  }
}

const silence = (runs: boolean): string =>
  runs
    ? "The kernel does not answer: it is busy or gone. This is the last picture."
    : "The kernel does not answer: the charts can be looked at, and no episode can be played.";

function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

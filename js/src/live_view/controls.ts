import { h } from "../shared/dom";
import type { Header } from "./header";

/** A number of the run that can be moved (`rlnb.knobs`). */
export interface Knob {
  name: string;
  low: number;
  high: number;
  log: boolean;
  value: number;
}

type Command = (name: string, payload?: Record<string, unknown>) => void;

const PACE = 30; // steps a second of "Slow", where the environment names no speed of its own
const NOTCHES = 1000;

/** What one can reach in with while the cell runs: slow, pause when, knobs. */
export class Controls {
  readonly el = h("div", { class: "rlnb-reach", hidden: true });
  private readonly slow = h("button", { class: "rlnb-button", type: "button" }, "Slow");
  private readonly when = h("input", {
    class: "rlnb-when",
    type: "text",
    placeholder: "return > 475",
    "aria-label": "Pause when",
    size: 16,
    spellcheck: "false",
  });
  private readonly breaks = h("span", { class: "rlnb-breaks" });
  private readonly knobs = h("div", { class: "rlnb-knobs" });
  private readonly sliders = new Map<string, Slider>();
  private pace: number | null = null;
  private realTime = PACE;
  private shownBreaks = "";

  /** `beside` stands in the same row. */
  constructor(
    private readonly command: Command,
    beside: HTMLElement,
  ) {
    this.slow.addEventListener("click", () => command("slow", { pace: this.pace === null ? this.realTime : null }));
    const form = h("form", { class: "rlnb-break" }, h("label", {}, "Pause when", this.when), this.breaks);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.when.value.trim() === "") return;
      command("break", { when: this.when.value });
      this.when.value = "";
    });
    // Jupyter's own shortcuts must not hear what is typed here
    this.when.addEventListener("keydown", (event) => event.stopPropagation());
    this.el.append(beside, this.slow, form, this.knobs);
  }

  show(header: Header, alive: boolean): void {
    this.el.hidden = !alive || !header.controls?.includes("slow");
    if (this.el.hidden) return;
    this.pace = header.pace ?? null;
    this.realTime = header.fps ?? PACE;
    this.slow.title = `Real time, ${this.realTime} steps a second, or full speed again`;
    this.slow.setAttribute("aria-pressed", String(this.pace !== null));
    this.showBreaks(header.breaks ?? []);
    const present = header.knobs ?? [];
    for (const [name, slider] of this.sliders)
      if (!present.some((knob) => knob.name === name)) {
        slider.el.remove();
        this.sliders.delete(name);
      }
    for (const knob of present) {
      let slider = this.sliders.get(knob.name);
      if (!slider) {
        slider = new Slider(knob, (value) => this.command("knob", { name: knob.name, value }));
        this.sliders.set(knob.name, slider);
        this.knobs.append(slider.el);
      }
      slider.show(knob);
    }
  }

  private showBreaks(breaks: string[]): void {
    const key = breaks.join("\n");
    if (key === this.shownBreaks) return;
    this.shownBreaks = key;
    this.breaks.replaceChildren(
      ...breaks.map((when) => {
        const chip = h(
          "button",
          { class: "rlnb-condition", type: "button", title: "Take this condition away" },
          `${when} ×`,
        );
        chip.addEventListener("click", () => this.command("unbreak", { when }));
        return chip;
      }),
    );
  }
}

/** One knob: a slider that moves by factors where its range asks for it, and the number beside it. */
class Slider {
  readonly el: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly number = h("output", {});
  private held = false;

  constructor(
    private knob: Knob,
    moved: (value: number) => void,
  ) {
    this.input = h("input", { type: "range", min: 0, max: NOTCHES, step: 1, "aria-label": knob.name });
    this.el = h("label", { class: "rlnb-knob" }, h("span", {}, knob.name), this.input, this.number);
    this.input.addEventListener("pointerdown", () => {
      this.held = true;
    });
    this.input.addEventListener("input", () => this.say(valueAt(this.knob, Number(this.input.value))));
    this.input.addEventListener("change", () => {
      this.held = false;
      moved(valueAt(this.knob, Number(this.input.value)));
    });
    this.input.addEventListener("keydown", (event) => event.stopPropagation());
  }

  show(knob: Knob): void {
    this.knob = knob;
    if (this.held) return;
    this.input.value = String(notchOf(knob));
    this.say(knob.value);
  }

  private say(value: number): void {
    const text = Number(value.toPrecision(3)).toString();
    if (this.number.textContent !== text) this.number.textContent = text;
    this.input.setAttribute("aria-valuetext", text);
  }
}

/** The value at a notch, 0 to 1000. */
export function valueAt({ low, high, log }: Knob, notch: number): number {
  const share = notch / NOTCHES;
  const value = log ? low * (high / low) ** share : low + (high - low) * share;
  return Math.min(high, Math.max(low, Number(value.toPrecision(6))));
}

/** The notch of the knob's value. */
export function notchOf({ low, high, log, value }: Knob): number {
  const share = log ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, share)) * NOTCHES);
}

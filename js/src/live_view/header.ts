import { h, icon } from "../shared/dom";
import { count, duration } from "../shared/format";
import type { Connected } from "./connection";
import { Controls, type Knob } from "./controls";
import type { Mark } from "./settings";

/** What Python says of the session (`LiveView.header`). */
export interface Header {
  name?: string;
  env_id?: string;
  state?: string;
  steps?: number;
  episodes?: number;
  rate?: number;
  elapsed?: number;
  message?: string;
  total_steps?: number | null;
  trend?: string;
  controls?: string[];
  groups?: string[];
  reward_threshold?: number | null;
  /** The mean return of actions at random. */
  random_return?: number | null;
  marks?: Mark[];
  replay?: boolean;
  pace?: number | null;
  breaks?: string[];
  knobs?: Knob[];
}

const words: Record<string, string> = {
  running: "running",
  paused: "paused",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  interrupted: "interrupted",
};

const paths = {
  stop: "M4 3.5h8a.5.5 0 0 1 .5.5v8a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5z",
  pause: "M4.5 3h2v10h-2zM9.5 3h2v10h-2z",
  step: "M4 2.8v10.4a.4.4 0 0 0 .62.33l6-5.2a.4.4 0 0 0 0-.66l-6-5.2A.4.4 0 0 0 4 2.8zM11.5 3h1.8v10h-1.8z",
  play: "M4.5 2.6v10.8a.4.4 0 0 0 .6.34l8.6-5.4a.4.4 0 0 0 0-.68L5.1 2.26a.4.4 0 0 0-.6.34z",
};

/** Name, state, counts and the controls of the run. */
export class HeaderBar {
  readonly el: HTMLElement;
  private readonly name = h("h3", { class: "rlnb-name" });
  private readonly env = h("span", { class: "rlnb-env" });
  private readonly state = h("span", { class: "rlnb-state" });
  private readonly live = h("span", { class: "rlnb-hidden", role: "status" });
  private readonly facts = h("div", { class: "rlnb-facts" });
  private readonly buttons = h("div", { class: "rlnb-controls" });
  private readonly bar = h(
    "div",
    { class: "rlnb-progress", role: "progressbar", "aria-label": "Progress", hidden: true },
    h("i"),
  );
  private readonly trend = h("p", { class: "rlnb-trend" });
  private readonly message = h("p", { class: "rlnb-message", hidden: true });
  private buttonKey = "";
  private readonly values = new Map<string, HTMLElement>();

  private readonly reach: Controls;

  constructor(private readonly command: (name: string, payload?: Record<string, unknown>) => void) {
    this.reach = new Controls(command);
    const title = h("div", { class: "rlnb-title" }, this.name, this.env);
    const line = h("div", { class: "rlnb-headline" }, title, this.state, this.live, this.buttons);
    this.el = h(
      "header",
      { class: "rlnb-header" },
      line,
      this.facts,
      this.bar,
      this.trend,
      this.message,
      this.reach.el,
    );
  }

  show(header: Header, connected: Connected): void {
    text(this.name, header.name || "session");
    text(this.env, header.env_id && !header.name?.includes(header.env_id) ? header.env_id : "");
    this.env.title = this.env.textContent ?? "";
    this.name.title = this.name.textContent ?? "";
    const state = header.state ?? "running";
    const alive = state === "running" || state === "paused";
    const shown = alive && connected === "off" ? "disconnected" : state;
    this.state.dataset.state = shown;
    text(this.state, words[shown] ?? shown);
    text(this.live, `session ${words[shown] ?? shown}`);
    this.fact("steps", header.steps === undefined ? null : count(header.steps));
    this.fact("episodes", header.episodes === undefined ? null : count(header.episodes));
    this.fact("steps/s", header.rate == null ? null : count(header.rate));
    this.fact("elapsed", header.elapsed == null ? null : duration(header.elapsed));
    this.progress(header, alive);
    text(this.trend, header.trend ?? "");
    this.trend.hidden = !header.trend;
    text(this.message, header.message ?? "");
    this.message.hidden = !header.message;
    this.message.dataset.state = shown;
    this.reach.show(header, alive && connected !== "off");
    this.controls(alive && connected !== "off" ? (header.controls ?? ["stop"]) : [], state);
  }

  private fact(name: string, value: string | null): void {
    let element = this.values.get(name);
    if (!element) {
      element = h("b");
      this.values.set(name, element);
      this.facts.append(h("div", {}, element, h("span", {}, name)));
    }
    text(element, value ?? "–");
  }

  private progress({ steps, total_steps }: Header, alive: boolean): void {
    this.bar.hidden = !total_steps || !alive;
    if (!total_steps || steps === undefined) return;
    const share = Math.min(1, steps / total_steps);
    this.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    (this.bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
  }

  private controls(names: string[], state: string): void {
    const key = `${state} ${names}`;
    if (key === this.buttonKey) return;
    const focused = this.buttons.contains(activeIn(this.el));
    this.buttonKey = key;
    const button = (name: string, label: string, path: string, style = "") => {
      const element = h("button", { class: `rlnb-button ${style}`, type: "button" }, icon(path), label);
      element.addEventListener("click", () => {
        for (const one of this.buttons.querySelectorAll("button")) one.disabled = true;
        this.buttonKey = ""; // the next word from Python draws them again
        this.command(name);
      });
      return element;
    };
    const drawn: HTMLElement[] = [];
    if (names.includes("pause"))
      drawn.push(
        state === "paused"
          ? button("resume", "Resume", paths.play, "rlnb-button-primary")
          : button("pause", "Pause", paths.pause),
      );
    if (names.includes("step") && state === "paused") drawn.push(button("step", "Step", paths.step));
    if (names.includes("stop")) drawn.push(button("stop", "Stop", paths.stop, "rlnb-button-stop"));
    this.buttons.replaceChildren(...drawn);
    if (focused) drawn[0]?.focus();
  }
}

function text(element: HTMLElement, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

function activeIn(element: HTMLElement): Element | null {
  const root = element.getRootNode();
  return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
}

import { h } from "../shared/dom";
import { Later } from "../shared/later";
import { Asked, alive } from "./asked";
import type { Connected } from "./connection";
import { Controls, type Knob } from "./controls";
import { Facts } from "./facts";
import { Name } from "./name";
import { RunButtons } from "./run_buttons";
import type { Mark } from "./settings";

/** What Python says of the session (`LiveView.header`). */
export interface Header {
  name?: string;
  env_id?: string;
  state?: string;
  /** A pause or a stop was asked for, and the loop has not come to its next step yet. */
  waiting?: boolean;
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
  /** A later run of the same cell is shown below. */
  folded?: boolean;
  /** False where the kernel reads no message while a cell runs. */
  hears?: boolean;
  pace?: number | null;
  /** Steps a second in which the environment is shown in real time. */
  fps?: number | null;
  breaks?: string[];
  knobs?: Knob[];
  /** How many lanes there are. */
  lanes?: number;
}

const words: Record<string, string> = { waiting: "waiting for the next step", reconnecting: "reconnecting …" };
const endings: Record<string, string> = {
  stopped: "Stopped by hand. Everything up to here is kept.",
  interrupted: "Interrupted. Everything up to here is kept.",
};

/** Whether the session runs in a kernel that will hear of a click when the cell has ended, and not before. */
export const isDeaf = (header: Header): boolean => header.hears === false && alive(header);

const DEAF =
  "This kernel reads no clicks while a cell runs: the controls apply when the cell ends. " +
  "The notebook’s own stop button works now.";
const SHORT = 300; // ms within which a step usually comes: not worth a word

/** Name, state, counts and the controls of the run. */
export class HeaderBar {
  readonly el: HTMLElement;
  /** The first row, with name and state, and that of the counts: what is put in stands at the end. */
  readonly line: HTMLElement;
  readonly row: HTMLElement;
  private readonly asked = new Asked();
  private readonly name: Name;
  private readonly env = h("span", { class: "rlnb-env" });
  private readonly state = h("span", { class: "rlnb-state" });
  private readonly live = h("span", { class: "rlnb-hidden", role: "status" });
  private readonly facts = new Facts();
  private readonly buttons: RunButtons;
  private readonly trend = h("p", { class: "rlnb-trend" });
  private readonly message = h("p", { class: "rlnb-message", hidden: true });
  private readonly deaf = h("p", { class: "rlnb-message rlnb-deaf", role: "note", hidden: true }, DEAF);
  private readonly reach: Controls;
  private header: Header = {};
  private waitsSince: number | null = null;
  private readonly later: Later;

  /** `beside` stands among the controls. */
  constructor(
    command: (name: string, payload?: Record<string, unknown>) => void,
    changed: () => void,
    beside: HTMLElement,
  ) {
    this.later = new Later(SHORT, changed);
    this.name = new Name((name) => command("rename", { name }));
    this.buttons = new RunButtons((name) => {
      this.asked.ask(name, this.header);
      command(name);
      changed();
    });
    this.reach = new Controls(command, beside);
    const title = h("div", { class: "rlnb-title" }, ...this.name.elements, this.env);
    this.line = h("div", { class: "rlnb-headline" }, title, this.state, this.live, this.buttons.el);
    this.row = h("div", { class: "rlnb-second" }, this.facts.el);
    this.el = h(
      "header",
      { class: "rlnb-header" },
      this.line,
      this.row,
      this.facts.bar,
      this.trend,
      this.message,
      this.deaf,
      this.reach.el,
    );
  }

  show(header: Header, connected: Connected): void {
    this.header = header;
    this.asked.hear(header);
    const name = header.name || "session";
    this.name.show(name, connected === "on");
    text(this.env, header.env_id && !name.includes(header.env_id) ? header.env_id : "");
    this.env.title = this.env.textContent ?? "";
    const runs = alive(header);
    const shown = this.shown(header, connected);
    this.state.dataset.state = shown;
    const said = isDeaf(header) && shown === "waiting" ? "waiting for the cell to end" : (words[shown] ?? shown);
    text(this.state, said);
    text(this.live, `session ${said}`);
    this.facts.show(header, runs);
    text(this.trend, header.trend ?? "");
    this.trend.hidden = !header.trend;
    const message = header.message || endings[shown] || "";
    text(this.message, message);
    this.message.hidden = !message;
    this.message.dataset.state = shown;
    this.deaf.hidden = !isDeaf(header);
    const reachable = runs && connected !== "off";
    this.reach.show(header, reachable);
    const offered = reachable ? (header.controls ?? ["stop"]) : [];
    this.buttons.show(offered, header.state === "paused", this.asked.pending);
  }

  stop(): void {
    this.later.stop();
  }

  /** The state in a word: the session's own, or what stands between it and the person. */
  private shown(header: Header, connected: Connected): string {
    const state = header.state ?? "running";
    const waits = alive(header) && (this.asked.pending !== null || header.waiting === true);
    if (!waits) this.waitsSince = null;
    else if (this.waitsSince === null) {
      this.waitsSince = performance.now();
      this.later.soon();
    }
    if (!alive(header)) return state;
    if (connected === "off") return "disconnected";
    if (connected === "again") return "reconnecting";
    if (this.waitsSince !== null && performance.now() - this.waitsSince > SHORT - 20) return "waiting";
    const coming = state === "paused" && header.waiting === true && this.state.dataset.state !== "paused";
    return coming ? "running" : state; // it is paused when it stands
  }
}

function text(element: HTMLElement, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

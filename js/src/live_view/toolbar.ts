import { h, icon } from "../shared/dom";
import type { Drag } from "../shared/parts";
import { Filter } from "./filter";
import type { Axis } from "./series";
import type { Settings } from "./settings";

export interface ToolbarEvents {
  set(change: Partial<Settings>): void;
  drag(tool: Drag): void;
  reset(): void;
  save(kind: "png" | "svg"): void;
  full(): void;
  replay(episode: string | number): void;
}

/** What the toolbar offers now. */
export interface Offer {
  /** Some chart does not show everything. */
  zoomed: boolean;
  /** There are episodes, and somebody plays them. */
  canReplay: boolean;
  lanes: number[];
  groups: number[];
  /** Names of the groups, by number. */
  names: string[];
}

const paths = {
  pan: "M8 1l2.2 2.6H8.7v3.7h3.7V5.8L15 8l-2.6 2.2V8.7H8.7v3.7h1.5L8 15l-2.2-2.6h1.5V8.7H3.6v1.5L1 8l2.6-2.2v1.5h3.7V3.6H5.8z",
  box: "M6.5 1.5a5 5 0 0 1 3.97 8.04l4 4-.94.93-4-4A5 5 0 1 1 6.5 1.5zm0 1.3a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4zM5.85 4.6h1.3v1.25H8.4v1.3H7.15V8.4h-1.3V7.15H4.6v-1.3h1.25z",
  full: "M2 2h5v1.5H3.5V7H2zm7 0h5v5h-1.5V3.5H9zM2 9h1.5v3.5H7V14H2zm10.5 0H14v5H9v-1.5h3.5z",
  play: "M4.5 2.6v10.8a.4.4 0 0 0 .6.34l8.6-5.4a.4.4 0 0 0 0-.68L5.1 2.26a.4.4 0 0 0-.6.34z",
};

/** Windows of the smoothed line, in rows; the slider moves along this list. */
export const windows = [1, 3, 5, 10, 20, 35, 50, 100, 200, 500] as const;

/** How the charts are drawn, and which episode to play. */
export class Toolbar {
  readonly el: HTMLElement;
  private readonly resetButton = h(
    "button",
    { class: "rlnb-button rlnb-button-quiet", type: "button", hidden: true },
    "Show all",
  );
  /** Chooses an episode and plays it; stands where the view puts it. */
  readonly player: HTMLElement;
  private readonly lanes = new Filter("Lane");
  private readonly groups = new Filter("Group");

  constructor(events: ToolbarEvents, settings: Settings) {
    const axes = segmented("x axis", ["episode", "step", "time"], settings.wanted, (name) =>
      events.set({ wanted: name as Axis }),
    );
    const drag = segmented("Dragging", ["box", "pan"], "box", (tool) => events.drag(tool as Drag), {
      box: ["Drag to zoom", paths.box],
      pan: ["Drag to move", paths.pan],
    });
    this.resetButton.addEventListener("click", () => events.reset());
    this.lanes.choose = (lane) => events.set({ lane });
    this.groups.choose = (group) => events.set({ group });
    this.player = replayPicker(events);
    this.el = h(
      "div",
      { class: "rlnb-toolbar", role: "toolbar", "aria-label": "Charts" },
      axes,
      smoothing(settings.smoothing, events),
      logarithm(events),
      drag,
      pictures(events),
      this.groups.el,
      this.lanes.el,
      this.resetButton,
    );
  }

  show({ zoomed, canReplay, lanes, groups, names }: Offer): void {
    this.resetButton.hidden = !zoomed;
    this.player.hidden = !canReplay;
    this.lanes.offer(lanes, (lane) => `lane ${lane}`);
    this.groups.offer(groups, (group) => names[group] ?? (group === 0 ? "training" : `group ${group}`));
  }
}

function logarithm(events: ToolbarEvents): HTMLElement {
  const title = "Logarithmic y axis";
  const button = h(
    "button",
    { class: "rlnb-button rlnb-toggle", type: "button", "aria-pressed": "false", title, "aria-label": title },
    "log",
  );
  button.addEventListener("click", () => {
    const log = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(log));
    events.set({ log });
  });
  return button;
}

function pictures(events: ToolbarEvents): HTMLElement {
  const one = (title: string, label: string | SVGElement, act: () => void) => {
    const button = h("button", { class: "rlnb-button rlnb-button-quiet", type: "button", title, "aria-label": title });
    button.append(label);
    button.addEventListener("click", act);
    return button;
  };
  return h(
    "div",
    { class: "rlnb-pictures", role: "group", "aria-label": "Picture" },
    one("Save the charts as PNG", "PNG", () => events.save("png")),
    one("Save the charts as SVG", "SVG", () => events.save("svg")),
    one("Fill the screen, or leave it", icon(paths.full), () => events.full()),
  );
}

function smoothing(window: number, events: ToolbarEvents): HTMLElement {
  const start = Math.max(
    0,
    windows.findIndex((one) => one >= window),
  );
  const value = h("output", { class: "rlnb-smooth-value" });
  const slider = h("input", {
    class: "rlnb-range",
    type: "range",
    min: 0,
    max: windows.length - 1,
    step: 1,
    value: start,
  });
  slider.setAttribute("aria-label", "Smoothing");
  const say = () => {
    const rows = windows[Number(slider.value)] ?? 1;
    value.textContent = rows === 1 ? "off" : String(rows);
    slider.setAttribute("aria-valuetext", rows === 1 ? "off" : `over ${rows} rows`);
    return rows;
  };
  say();
  slider.addEventListener("input", () => events.set({ smoothing: say() }));
  return h("label", { class: "rlnb-smooth" }, "Smooth", slider, value);
}

function replayPicker(events: ToolbarEvents): HTMLElement {
  const select = h("select", { class: "rlnb-select", "aria-label": "Episode to play" });
  for (const [value, label] of [
    ["best", "best episode"],
    ["last", "last episode"],
    ["median", "median episode"],
    ["worst", "worst episode"],
    ["longest", "longest episode"],
    ["first success", "first success"],
    ["number", "episode number…"],
  ])
    select.append(h("option", { value }, label));
  const field = h("input", { class: "rlnb-input", type: "number", min: 0, step: 1, value: 0, hidden: true });
  field.setAttribute("aria-label", "Episode number");
  const play = h("button", { class: "rlnb-button", type: "submit" }, icon(paths.play), "Play");
  select.addEventListener("change", () => {
    field.hidden = select.value !== "number";
    if (!field.hidden) field.focus();
  });
  const form = h("form", { class: "rlnb-replay", hidden: true }, select, field, play);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // a notebook takes the key for itself, and the form would not be sent
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    events.replay(select.value === "number" ? Math.max(0, Math.floor(Number(field.value))) : select.value);
  });
  return form;
}

/** A row of buttons of which one is pressed. */
function segmented(
  label: string,
  names: string[],
  chosen: string,
  choose: (name: string) => void,
  icons: Record<string, [string, string]> = {},
): HTMLElement {
  const group = h("div", { class: "rlnb-segmented", role: "group", "aria-label": label });
  for (const name of names) {
    const [title, path] = icons[name] ?? [];
    const button = h("button", { type: "button", "aria-pressed": String(name === chosen), title, "aria-label": title });
    button.append(path ? icon(path) : name);
    button.addEventListener("click", () => {
      for (const one of group.children) one.setAttribute("aria-pressed", String(one === button));
      choose(name);
    });
    group.append(button);
  }
  return group;
}

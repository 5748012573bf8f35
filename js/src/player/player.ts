import { h, icon, on, undoAll } from "../shared/dom";
import type { Theme } from "../shared/theme";
import type { Film } from "./film";
import { Screen } from "./screen";
import { clamp, frameInStep, frameOf, longest, stepOf } from "./time";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 3h3v10H4zM9 3h3v10H9z";
const BACK10 = "M8 3 3 8l5 5zM13.500 3l-5 5 5 5z";
const ON10 = "m8 3 5 5-5 5zM2.500 3l5 5-5 5z";
const BACK = "M11 3 5 8l6 5zM4 3h1.6v10H4z";
const ON = "m5 3 6 5-6 5zM10.400 3H12v10h-1.6z";
const FULL = "M3 3h4v1.500H4.500V7H3zM9 3h4v4h-1.500V4.500H9zM3 9h1.500v2.500H7V13H3zM11.500 9H13v4H9v-1.500h2.500z";

/** Plays one film, or several side by side in step: one transport for all. Every frame can be reached exactly. */
export class Player {
  readonly el = h("div", { class: "rlnb-player", tabindex: "0", role: "group", "aria-label": "Episode player" });
  private screens: Screen[] = [];
  private films: Film[] = [];
  private frames = 0;
  private at = 0;
  private playing = false;
  private timer = 0;
  private readonly stage = h("div", { class: "rlnb-player-stage" });
  private readonly toggle = h("button", { class: "rlnb-button rlnb-button-icon rlnb-player-play", type: "button" });
  private readonly scrub = h("input", {
    type: "range",
    class: "rlnb-range rlnb-player-scrub",
    min: "0",
    step: "1",
    value: "0",
    "aria-label": "Step of the episode",
  });
  private readonly counter = h("output", { class: "rlnb-player-counter" });
  private readonly speed = h("select", { class: "rlnb-select", "aria-label": "Speed" });
  private readonly loop = h("input", { type: "checkbox", checked: true });
  private readonly inspect = h("button", { class: "rlnb-button", type: "button", title: "Inspector (i)" }, "Inspect");
  private inspecting: boolean | null = null; // null: nobody has said, so one film shows it and several do not
  private theme: Theme = "light";
  private readonly undo: () => void;

  /** `unplayable` is called when the browser cannot play these films (no H.264). */
  constructor(private readonly unplayable: () => void) {
    for (const speed of SPEEDS) this.speed.append(h("option", { value: speed, selected: speed === 1 }, `${speed}×`));
    const back = h("button", { class: "rlnb-button rlnb-button-icon", type: "button" }, icon(BACK));
    const forth = h("button", { class: "rlnb-button rlnb-button-icon", type: "button" }, icon(ON));
    const back10 = h("button", { class: "rlnb-button rlnb-button-icon", type: "button" }, icon(BACK10));
    const forth10 = h("button", { class: "rlnb-button rlnb-button-icon", type: "button" }, icon(ON10));
    const full = h("button", { class: "rlnb-button rlnb-button-icon", type: "button" }, icon(FULL));
    for (const [button, label] of [
      [back, "One step back"],
      [forth, "One step on"],
      [back10, "Ten steps back"],
      [forth10, "Ten steps on"],
      [full, "Full screen"],
    ] as const) {
      button.title = label;
      button.setAttribute("aria-label", label);
    }
    const transport = h(
      "div",
      { class: "rlnb-player-transport" },
      back10,
      back,
      this.toggle,
      forth,
      forth10,
      this.scrub,
      this.counter,
      this.speed,
      h("label", { class: "rlnb-player-loop" }, this.loop, "loop"),
      this.inspect,
      full,
    );
    this.el.append(this.stage, transport);
    this.undo = undoAll([
      on(this.toggle, "click", () => (this.playing ? this.pause() : this.play())),
      on(back, "click", () => this.go(this.at - 1)),
      on(forth, "click", () => this.go(this.at + 1)),
      on(this.scrub, "input", () => this.go(Number(this.scrub.value))),
      on(this.speed, "change", () => this.setSpeed()),
      on(back10, "click", () => this.go(this.at - 10)),
      on(forth10, "click", () => this.go(this.at + 10)),
      on(this.inspect, "click", () => this.toggleInspector()),
      on(full, "click", () => this.fullScreen()),
      on<"keydown">(this.el, "keydown", (event) => this.key(event)),
    ]);
  }

  /** Shows films from their first frame, and plays them. */
  show(films: Film[], play = true): void {
    this.pause();
    for (const screen of this.screens) screen.destroy();
    this.films = films;
    this.frames = longest(films.map((film) => film.frames));
    const steps = longest(films.map((film) => film.rewards.length || film.frames - 1));
    const place = { steps, theme: this.theme, scrub: (step: number) => this.goStep(step), unplayable: this.unplayable };
    this.screens = films.map((film) => new Screen(film, place));
    this.showInspectors();
    this.stage.replaceChildren(...this.screens.map((screen) => screen.el));
    this.stage.dataset.count = String(films.length);
    this.scrub.max = String(Math.max(0, this.frames - 1));
    this.setSpeed();
    this.go(0);
    const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
    if (play && !still) this.play();
    else this.paintToggle();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    for (const screen of this.screens) screen.setTheme(theme);
  }

  destroy(): void {
    this.pause();
    this.undo();
    for (const screen of this.screens) screen.destroy();
    this.el.remove();
  }

  /** Pauses, and goes to frame `k` of the longest film; the others go with it. */
  go(k: number): void {
    this.pause();
    this.seek(k);
  }

  /** Pauses, and goes to a step of the longest episode. */
  goStep(step: number): void {
    const lead = this.lead;
    if (lead) this.go(frameOf(step, lead.stride, lead.frames, lead.rewards.length || lead.frames - 1));
  }

  play(): void {
    if (this.frames < 2) return;
    if (this.at >= this.frames - 1) this.seek(0);
    this.playing = true;
    this.paintToggle();
    for (const screen of this.screens) screen.play();
    this.timer = requestAnimationFrame(() => this.follow());
  }

  pause(): void {
    cancelAnimationFrame(this.timer);
    if (!this.playing) return;
    this.playing = false;
    for (const screen of this.screens) screen.pause();
    this.seek(this.at);
    this.paintToggle();
  }

  /** While it plays: the counter follows the picture, and films that drift apart are brought back in step. */
  private follow(): void {
    if (!this.playing) return;
    const leader = this.screens.find((screen) => screen.film.frames === this.frames) as Screen;
    this.at = leader.frame;
    for (const screen of this.screens) {
      const due = frameInStep(this.at, screen.film.frames);
      if (screen !== leader && Math.abs(screen.frame - due) > 2) screen.seek(due);
    }
    this.paint();
    if (leader.ended) {
      if (this.loop.checked) {
        this.seek(0);
        for (const screen of this.screens) screen.play();
      } else {
        this.at = this.frames - 1;
        return this.pause();
      }
    }
    this.timer = requestAnimationFrame(() => this.follow());
  }

  private seek(k: number): void {
    this.at = clamp(Math.round(k), 0, Math.max(0, this.frames - 1));
    for (const screen of this.screens) screen.seek(frameInStep(this.at, screen.film.frames));
    this.paint();
  }

  private paint(): void {
    this.scrub.value = String(this.at);
    const lead = this.lead;
    if (!lead) return;
    const steps = lead.rewards.length || lead.frames - 1;
    const step = stepOf(this.at, lead.stride, lead.frames, steps);
    const words = step === 0 ? `reset · ${steps} steps` : `step ${step} of ${steps}`;
    this.counter.textContent = words;
    this.scrub.setAttribute("aria-valuetext", words);
    for (const screen of this.screens) screen.paint(frameInStep(this.at, screen.film.frames));
  }

  /** The step that is shown, of the longest episode. */
  get step(): number {
    const lead = this.lead;
    return lead ? stepOf(this.at, lead.stride, lead.frames, lead.rewards.length || lead.frames - 1) : 0;
  }

  /** The longest film: it leads, the others follow. */
  private get lead(): Film | undefined {
    return this.films.find((film) => film.frames === this.frames);
  }

  private toggleInspector(): void {
    this.inspecting = this.inspect.getAttribute("aria-pressed") !== "true";
    this.showInspectors();
    this.paint();
  }

  private showInspectors(): void {
    const shown = this.inspecting ?? this.films.length === 1;
    this.inspect.setAttribute("aria-pressed", String(shown));
    this.inspect.hidden = !this.screens.some((screen) => screen.inspector);
    for (const { inspector } of this.screens) if (inspector) inspector.el.hidden = !shown;
  }

  private paintToggle(): void {
    const label = this.playing ? "Pause" : "Play";
    this.toggle.replaceChildren(icon(this.playing ? PAUSE : PLAY));
    this.toggle.setAttribute("aria-label", label);
    this.toggle.title = `${label} (space)`;
  }

  private setSpeed(): void {
    const slowest = Math.min(...this.films.map((film) => film.fps));
    for (const screen of this.screens) screen.rate = (Number(this.speed.value) * slowest) / screen.film.fps;
  }

  private faster(by: number): void {
    this.speed.selectedIndex = clamp(this.speed.selectedIndex + by, 0, SPEEDS.length - 1);
    this.setSpeed();
  }

  private fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.el.requestFullscreen?.().catch(() => {});
  }

  private key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement && !["range", "checkbox"].includes(event.target.type);
    if (typing || event.target instanceof HTMLSelectElement || event.altKey || event.ctrlKey || event.metaKey) return;
    const inButton = event.target instanceof HTMLButtonElement || event.target === this.loop;
    const by = event.shiftKey ? 10 : 1;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.go(this.at - by),
      ArrowRight: () => this.go(this.at + by),
      Home: () => this.go(0),
      End: () => this.go(this.frames - 1),
      PageUp: () => this.go(this.at - 10),
      PageDown: () => this.go(this.at + 10),
      "<": () => this.faster(-1),
      ">": () => this.faster(1),
      l: () => this.loop.click(),
      i: () => this.toggleInspector(),
      f: () => this.fullScreen(),
      ...(inButton ? {} : { " ": () => (this.playing ? this.pause() : this.play()) }),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault(); // the page does not scroll, and
    event.stopPropagation(); // the notebook does not take the key for a command
    move();
  }
}

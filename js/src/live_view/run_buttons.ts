import { h, icon } from "../shared/dom";

const paths: Record<string, string> = {
  stop: "M4 3.5h8a.5.5 0 0 1 .5.5v8a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5z",
  pause: "M4.5 3h2v10h-2zM9.5 3h2v10h-2z",
  step: "M4 2.8v10.4a.4.4 0 0 0 .62.33l6-5.2a.4.4 0 0 0 0-.66l-6-5.2A.4.4 0 0 0 4 2.8zM11.5 3h1.8v10h-1.8z",
  resume: "M4.5 2.6v10.8a.4.4 0 0 0 .6.34l8.6-5.4a.4.4 0 0 0 0-.68L5.1 2.26a.4.4 0 0 0-.6.34z",
};
const labels: Record<string, string> = { pause: "Pause", resume: "Resume", step: "Step", stop: "Stop" };
const styles: Record<string, string> = { resume: "rlnb-button-primary", stop: "rlnb-button-stop" };

/** Pause or Resume, Step and Stop: those that mean something now. */
export class RunButtons {
  readonly el = h("div", { class: "rlnb-controls", role: "group", "aria-label": "Run" });
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private drawn = "";

  constructor(private readonly press: (name: string) => void) {}

  /** `offered` is what Python listens to; `asked` the command that waits to be taken. */
  show(offered: string[], paused: boolean, asked: string | null): void {
    const names = [offered.includes("pause") && (paused ? "resume" : "pause")]
      .concat([offered.includes("step") && paused && "step", offered.includes("stop") && "stop"])
      .filter((name): name is string => typeof name === "string");
    if (this.drawn !== names.join()) this.draw(names);
    for (const [name, button] of this.buttons) {
      const waits = String(asked === "stop" || asked === name); // not `disabled`: the one that was pressed keeps the focus
      if (button.getAttribute("aria-disabled") !== waits) button.setAttribute("aria-disabled", waits);
    }
  }

  private draw(names: string[]): void {
    this.drawn = names.join();
    const focused = this.el.querySelector(":focus") !== null;
    this.buttons.clear();
    for (const name of names) {
      const button = h(
        "button",
        { class: `rlnb-button ${styles[name] ?? ""}`, type: "button" },
        icon(paths[name] ?? ""),
        labels[name],
      );
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") !== "true") this.press(name);
      });
      this.buttons.set(name, button);
    }
    this.el.replaceChildren(...this.buttons.values());
    if (focused) this.buttons.values().next().value?.focus();
  }
}

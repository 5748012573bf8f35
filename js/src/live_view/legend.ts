import { h } from "../shared/dom";

export interface LegendEntry {
  key: string;
  label: string;
  color: string;
  shown: boolean;
}

/** The names of the series; a click hides one and shows it again. */
export class Legend {
  readonly el = h("div", { class: "rlnb-legend", role: "group", "aria-label": "Series" });
  private drawn = "";

  constructor(private readonly toggle: (key: string) => void) {}

  show(entries: LegendEntry[]): void {
    const now = JSON.stringify(entries);
    if (now === this.drawn) return;
    this.drawn = now;
    const chips = entries.map(({ key, label, color, shown }) => {
      const swatch = h("span", { class: "rlnb-swatch" });
      swatch.style.background = color;
      const name = h("span", { class: "rlnb-chip-name" }, label);
      const attributes = { class: "rlnb-chip", type: "button", "aria-pressed": String(shown), title: label };
      const chip = h("button", attributes, swatch, name);
      chip.addEventListener("click", () => {
        this.toggle(key);
        (this.el.children[entries.findIndex((entry) => entry.key === key)] as HTMLElement | undefined)?.focus();
      });
      return chip;
    });
    this.el.replaceChildren(...chips);
  }
}

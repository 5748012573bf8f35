import { h } from "../shared/dom";

/** A choice of one number or all; hidden where there is nothing to choose. */
export class Filter {
  readonly el = h("select", { class: "rlnb-select", hidden: true });
  choose: (chosen: number | null) => void = () => {};
  private offered = "";

  constructor(private readonly what: string) {
    this.el.setAttribute("aria-label", what);
    this.el.addEventListener("change", () => this.choose(this.el.value === "" ? null : Number(this.el.value)));
  }

  offer(numbers: number[], name: (number: number) => string): void {
    this.el.hidden = numbers.length === 0;
    const now = JSON.stringify(numbers.map(name));
    if (now === this.offered) return;
    this.offered = now;
    const { value } = this.el;
    const options = numbers.map((number) => h("option", { value: number }, name(number)));
    this.el.replaceChildren(h("option", { value: "" }, `all ${this.what.toLowerCase()}s`), ...options);
    this.el.value = value;
  }
}

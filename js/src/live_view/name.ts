import { h, icon } from "../shared/dom";

const pencil = "M11.6 1.9l2.5 2.5-8.6 8.6-3.3.8.8-3.3zm0 1.9l-7.4 7.4-.3 1.1 1.1-.3 7.4-7.4z";

/** The session's name, which can be changed where it stands: Enter keeps the new one, Escape the old one. */
export class Name {
  private readonly heading = h("h3", { class: "rlnb-name" });
  private readonly button = h(
    "button",
    { class: "rlnb-button rlnb-button-icon rlnb-button-quiet rlnb-rename", type: "button", "aria-label": "Rename" },
    icon(pencil),
  );
  private readonly field = h("input", {
    class: "rlnb-input rlnb-name-field",
    type: "text",
    "aria-label": "Name of the session",
    maxlength: 200,
    spellcheck: "false",
    hidden: true,
  });
  readonly elements = [this.heading, this.field, this.button];
  private name = "";

  constructor(private readonly rename: (name: string) => void) {
    this.button.title = "Rename";
    this.button.addEventListener("click", () => this.edit());
    this.field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // Jupyter's own shortcuts must not hear what is typed here
      if (event.key === "Enter") this.end(true);
      else if (event.key === "Escape") this.end(false);
      else return;
      event.preventDefault();
      this.button.focus();
    });
    this.field.addEventListener("blur", () => this.end(true));
  }

  show(name: string, canRename: boolean): void {
    this.name = name;
    if (this.heading.textContent !== name) this.heading.textContent = this.heading.title = name;
    this.button.hidden = !canRename || !this.field.hidden;
  }

  private edit(): void {
    this.field.value = this.name;
    this.heading.hidden = this.button.hidden = true;
    this.field.hidden = false;
    this.field.focus();
    this.field.select();
  }

  private end(keep: boolean): void {
    if (this.field.hidden) return;
    const name = this.field.value.trim();
    this.field.hidden = true;
    this.heading.hidden = this.button.hidden = false;
    if (!keep || name === "" || name === this.name) return;
    this.show(name, true); // at once; the kernel's next word confirms it
    this.rename(name);
  }
}

import { h, on, undoAll } from "../shared/dom";

/** Folds the view of an earlier run of a cell into a line, under which the next run's stands: ten runs are not ten
 * screens. What a hand has touched stays as it is, and a button opens and folds. */
export class Fold {
  readonly button = h("button", { class: "rlnb-button rlnb-button-quiet rlnb-fold", type: "button", hidden: true });
  readonly undo: () => void;
  private wanted: boolean | null = null; // by hand
  private touched = false;

  constructor(
    private readonly root: HTMLElement,
    changed: () => void,
  ) {
    const touch = () => {
      this.touched = true;
    };
    this.undo = undoAll([on(root, "pointerdown", touch), on(root, "keydown", touch)]);
    this.button.addEventListener("click", () => {
      this.wanted = !this.folded;
      changed();
    });
  }

  get folded(): boolean {
    return this.root.hasAttribute("data-folded");
  }

  /** Takes in whether Python would fold it. */
  show(offered: boolean): void {
    const folded = offered && (this.wanted ?? (this.folded || !this.touched));
    this.root.toggleAttribute("data-folded", folded);
    this.button.hidden = !offered;
    this.button.setAttribute("aria-expanded", String(!folded));
    const words = folded ? "Show charts" : "Fold";
    if (this.button.textContent !== words) this.button.textContent = words;
  }
}

import { on } from "./dom";

const FIELDS = "select, input, textarea";

/** Keys that a control of ours means something by do not reach the notebook, which moves to another cell by the arrows and
 * enters one by Enter; returns the undoing. */
export function ownKeys(root: HTMLElement): () => void {
  return on(root, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape" || event.key === "Tab") return;
    const target = event.composedPath()[0];
    if (!(target instanceof Element)) return;
    const pressed = target.matches("button") && (event.key === "Enter" || event.key === " ");
    if (pressed || target.matches(FIELDS)) event.stopPropagation();
  });
}

import type { Plot } from "../shared/plot";

/** Moves a chart by the keyboard: arrows, plus and minus, 0; Escape leaves it. (With Shift, arrows go from value to value.) */
export function keysOf(plot: Plot, host: HTMLElement): (event: KeyboardEvent) => void {
  const moves: Record<string, () => void> = {
    ArrowLeft: () => plot.nudge(1, -0.15),
    ArrowRight: () => plot.nudge(1, 0.15),
    "+": () => plot.nudge(0.7),
    "=": () => plot.nudge(0.7),
    "-": () => plot.nudge(1 / 0.7),
    "0": () => plot.reset(),
    Escape: () => host.blur(),
  };
  return (event) => {
    const move = event.ctrlKey || event.metaKey || event.altKey ? undefined : moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };
}

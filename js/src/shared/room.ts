import type { Stroke } from "./strokes";

/** A rectangle in pixels. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** How much of what is drawn lies in a box: words are put where there is least. A line weighs more than a faint point. */
export function inkIn(strokes: readonly Stroke[], box: Box): number {
  let ink = 0;
  for (const { trace, xy } of strokes) {
    if (trace.kind === "band") continue;
    const line = trace.kind === "line";
    const weight = (line ? 2 : 1) * (trace.alpha ?? 1);
    for (let i = 0; i < xy.length; i += 2) {
      const [x, y] = [xy[i] as number, xy[i + 1] as number];
      if (line && i > 0) {
        if (crosses(xy[i - 2] as number, xy[i - 1] as number, x, y, box)) ink += weight;
      } else if (x > box.left && x < box.right && y > box.top && y < box.bottom) ink += weight;
    }
  }
  return ink;
}

/** Whether a piece of a line touches a box (Liang and Barsky, 1984). */
function crosses(x0: number, y0: number, x1: number, y1: number, box: Box): boolean {
  if (!(Math.max(x0, x1) >= box.left && Math.min(x0, x1) <= box.right)) return false;
  if (!(Math.max(y0, y1) >= box.top && Math.min(y0, y1) <= box.bottom)) return false;
  let [from, to] = [0, 1];
  for (const [step, room] of [
    [x0 - x1, x0 - box.left],
    [x1 - x0, box.right - x0],
    [y0 - y1, y0 - box.top],
    [y1 - y0, box.bottom - y0],
  ] as const) {
    if (step === 0) continue; // parallel: that it lies within was seen above
    if (step < 0) from = Math.max(from, room / step);
    else to = Math.min(to, room / step);
  }
  return from <= to;
}

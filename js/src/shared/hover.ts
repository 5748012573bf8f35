import { h, on, undoAll } from "./dom";
import type { Plot, Trace } from "./plot";

/** A row of a trace under the pointer. */
export interface Hit {
  trace: Trace;
  row: number;
  x: number;
  y: number;
}

export interface HoverOptions {
  /** The lines of the tooltip, the first one its title. */
  describe(hit: Hit): string[];
  /** A click or tap on a point. */
  onPick?(hit: Hit): void;
  /** Whether a click on this hit does something (the pointer says so). */
  canPick?(hit: Hit): boolean;
}

const REACH = 20; // pixels

type Found = Hit & { px: [number, number] };

/** Exact values under the pointer, a ring around the point they belong to, and picking; returns the undoing. */
export function attachHover(plot: Plot, options: HoverOptions): () => void {
  const ring = h("div", { class: "rlnb-ring", hidden: true });
  const tip = h("div", { class: "rlnb-tip", role: "status", hidden: true });
  const layer = h("div", { class: "rlnb-hover" }, ring, tip);
  plot.el.after(layer);
  let down: [number, number] | null = null;
  let frame = 0;

  let shown: Found | null = null;

  const hide = () => {
    cancelAnimationFrame(frame);
    shown = null;
    ring.hidden = tip.hidden = true;
    plot.el.style.cursor = "";
  };
  const show = (hit: Found | null) => {
    if (!hit) return hide();
    shown = hit;
    const box = layer.getBoundingClientRect();
    const [left, top] = [hit.px[0] - box.left, hit.px[1] - box.top];
    ring.style.transform = `translate(${left}px, ${top}px)`;
    ring.style.borderColor = plot.color(hit.trace);
    const [title = "", ...lines] = options.describe(hit);
    tip.replaceChildren(h("strong", {}, title), ...lines.map((line) => h("span", {}, line)));
    ring.hidden = tip.hidden = false;
    const flip = left + tip.offsetWidth + 18 > box.width;
    const low = Math.max(0, top - tip.offsetHeight - 10);
    const wanted = flip ? left - tip.offsetWidth - 12 : left + 12;
    tip.style.transform = `translate(${Math.max(0, wanted)}px, ${low}px)`;
    plot.el.style.cursor = options.canPick?.(hit) ? "pointer" : "";
  };
  return undoAll([
    on(plot.el, "pointermove", (event) => {
      cancelAnimationFrame(frame);
      if (event.buttons === 0) frame = requestAnimationFrame(() => show(nearest(plot, event.clientX, event.clientY)));
      else hide();
    }),
    on(plot.el, "pointerleave", hide),
    on(plot.el, "focusout", hide),
    on(plot.el, "keydown", (event) => {
      const act =
        event.key === "Enter" && shown && options.canPick?.(shown)
          ? () => options.onPick?.(shown as Found)
          : event.shiftKey && steps[event.key]
            ? () => show(step(plot, shown, ...(steps[event.key] as [number, number])))
            : null;
      if (!act) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // neither the chart's own keys nor Jupyter's
      act();
    }),
    on(
      plot.el,
      "pointerdown",
      (event) => {
        down = [event.clientX, event.clientY];
      },
      { capture: true },
    ),
    on(
      plot.el,
      "pointerup",
      (event) => {
        const still = down && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 5;
        down = null;
        if (!still) return;
        const hit = nearest(plot, event.clientX, event.clientY, "points");
        if (hit) options.onPick?.(hit);
      },
      { capture: true },
    ),
    hide,
    () => layer.remove(),
  ]);
}

const steps: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The row next to `from` in its series, or the one at the same place of the next series; at first the last row of all. */
function step(plot: Plot, from: Found | null, along: number, across: number): Found | null {
  const inks = plot.shown().filter(({ trace, row }) => trace.kind !== "band" && row.length > 0);
  const at = inks.findIndex(({ trace }) => trace.key === from?.trace.key);
  const next = inks[(Math.max(0, at) + (at < 0 ? 0 : across) + inks.length) % inks.length];
  if (!next) return null;
  const near = from ? next.row.findIndex((_, i) => (next.x[i] as number) >= from.x) : next.row.length - 1;
  const here = near < 0 ? next.row.length - 1 : near;
  const same = from && at >= 0 && across === 0 ? next.row.indexOf(from.row) : -1;
  const i = Math.min(next.row.length - 1, Math.max(0, (same < 0 ? here : same) + (from ? along : 0)));
  const [x, y] = [next.x[i] as number, next.y[i] as number];
  const px = plot.place(x, y);
  return px && { trace: next.trace, row: next.row[i] as number, x, y, px };
}

/** The drawn row nearest to a place on the page: points by distance, else the nearest along x. */
function nearest(plot: Plot, clientX: number, clientY: number, only?: "points"): Found | null {
  const place = plot.locate(clientX, clientY);
  if (!place) return null;
  let best: Found | null = null;
  let least = REACH;
  for (const wanted of [true, false]) {
    for (const { trace, x, y, row } of plot.shown()) {
      const isPoint = trace.kind === "points" || trace.kind === "hollow";
      if (isPoint !== wanted || trace.kind === "band") continue;
      for (let i = 0; i < row.length; i++) {
        const px = place.px(x[i] as number, y[i] as number);
        const distance = isPoint ? Math.hypot(px[0] - clientX, px[1] - clientY) : Math.abs(px[0] - clientX);
        if (!(distance < least)) continue;
        least = distance;
        best = { trace, row: row[i] as number, x: x[i] as number, y: y[i] as number, px };
      }
    }
    if (best || only) break;
  }
  return best;
}

import { h, on, undoAll } from "../shared/dom";
import { type Palette, palettes, type Theme } from "../shared/theme";
import { type Band, bandsOf } from "./bands";
import type { Film } from "./film";
import { clamp } from "./time";

export const GUTTER = 74; // pixels on the left for the names of the bands
const MARKS = 12; // pixels at the top for the marks

/** The episode along its steps, under the picture: reward, return, action, policy, marks. A drag along it scrubs. */
export class Timeline {
  readonly el = h("div", { class: "rlnb-timeline" });
  private readonly canvas = h("canvas", { role: "img" });
  private readonly head = h("i", { class: "rlnb-timeline-head" });
  private readonly tip = h("p", { class: "rlnb-timeline-tip", hidden: true });
  private readonly bands: Band[];
  private readonly undo: () => void;
  private at = 0;

  /** `steps` is the length of the axis (of the longest film shown); `scrub` is told the step under the pointer. */
  constructor(
    private readonly film: Film,
    private readonly steps: number,
    private theme: Theme,
    private readonly scrub: (step: number) => void,
  ) {
    this.bands = bandsOf(film);
    const marks = film.story?.marks ?? [];
    this.canvas.style.height = `${MARKS + this.bands.reduce((sum, band) => sum + band.height, 0)}px`;
    const names = this.bands.map((band) => band.title).join(", ");
    const told = marks.map(([step, , words]) => `step ${step}: ${words}`).join("; ");
    this.canvas.setAttribute("aria-label", `Timeline: ${names}${told ? `. ${told}` : ""}`);
    this.el.append(this.canvas, this.head, this.tip);
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(this.canvas);
    this.undo = undoAll([
      () => resized.disconnect(),
      on(this.canvas, "pointerdown", (event) => {
        this.canvas.setPointerCapture(event.pointerId);
        this.scrub(this.stepAt(event.clientX));
      }),
      on(this.canvas, "pointermove", (event) => {
        if (event.buttons & 1) this.scrub(this.stepAt(event.clientX));
        this.tell(event.clientX);
      }),
      on(this.canvas, "pointerleave", () => {
        this.tip.hidden = true;
      }),
    ]);
  }

  /** Moves the playhead to a step. */
  show(step: number): void {
    this.at = step;
    this.head.style.left = `${this.x(step)}px`;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    requestAnimationFrame(() => this.draw()); // a host that changes its theme has no layout for a moment
  }

  destroy(): void {
    this.undo();
    this.el.remove();
  }

  private get width(): number {
    return this.canvas.clientWidth;
  }

  private x(step: number): number {
    return GUTTER + (step / Math.max(1, this.steps)) * Math.max(1, this.width - GUTTER - 1);
  }

  private stepAt(clientX: number): number {
    const inside = clientX - this.canvas.getBoundingClientRect().left - GUTTER;
    return clamp(Math.round((inside / Math.max(1, this.width - GUTTER - 1)) * this.steps), 0, this.steps);
  }

  /** The words of a mark near the pointer. */
  private tell(clientX: number): void {
    const near = Math.max(1, (6 * this.steps) / Math.max(1, this.width - GUTTER));
    const step = this.stepAt(clientX);
    const found = (this.film.story?.marks ?? []).filter(([at]) => Math.abs(at - step) <= near);
    this.tip.hidden = found.length === 0;
    this.tip.textContent = found.map(([at, , words]) => `step ${at}: ${words}`).join("\n");
    this.tip.style.left = `${clamp(this.x(step), GUTTER, Math.max(GUTTER, this.width - 150))}px`;
  }

  private draw(): void {
    const [width, height] = [this.width, this.canvas.clientHeight];
    const context = width > 0 ? this.canvas.getContext("2d") : null;
    if (!context) return;
    const scale = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    context.scale(scale, scale);
    const palette = palettes[this.theme];
    const x = (step: number) => Math.round(this.x(step) * scale) / scale; // whole pixels: no seams between steps
    let top = MARKS;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const band of this.bands) {
      context.fillStyle = palette.muted;
      context.fillText(band.title, 0, top + band.height / 2, GUTTER - 8);
      context.save();
      context.translate(0, top);
      band.draw(context, { x, height: band.height - 5, palette });
      context.restore();
      top += band.height;
    }
    this.drawMarks(context, palette, height);
    this.show(this.at);
  }

  private drawMarks(context: CanvasRenderingContext2D, palette: Palette, height: number): void {
    const colours: Record<string, string | undefined> = {
      life: palette.series[7],
      explored: palette.series[4],
      knob: palette.series[6],
      branch: palette.series[1],
    };
    for (const [step, kind] of this.film.story?.marks ?? []) {
      const left = this.x(step);
      context.fillStyle = context.strokeStyle = colours[kind] ?? palette.accent;
      context.beginPath();
      context.moveTo(left - 4, 1);
      context.lineTo(left + 4, 1);
      context.lineTo(left, 9);
      context.fill();
      if (kind === "explored") continue; // there may be very many of them
      context.globalAlpha = 0.5;
      context.beginPath();
      context.moveTo(left, 9);
      context.lineTo(left, height);
      context.stroke();
      context.globalAlpha = 1;
    }
  }
}

import { logger } from "@bokeh/bokehjs/build/js/lib/core/logging";
import { ViewManager } from "@bokeh/bokehjs/build/js/lib/core/view_manager";
import { Document as BokehDocument } from "@bokeh/bokehjs/build/js/lib/document";
import type { LinearAxis } from "@bokeh/bokehjs/build/js/lib/models/axes/linear_axis";
import type { Plot as BokehPlot, PlotView } from "@bokeh/bokehjs/build/js/lib/models/plots/plot";
import type { Range1d } from "@bokeh/bokehjs/build/js/lib/models/ranges/range1d";
import { AdaptiveTicker } from "@bokeh/bokehjs/build/js/lib/models/tickers/adaptive_ticker";
import { affine, dressAxis, font, ticksOf } from "./axes";
import type { Numbers } from "./downsample";
import { bucketsOf, type Drawn, nothing, select, strokesOf, type TraceData } from "./drawn";
import { Ink } from "./ink";
import type { Paper } from "./paper";
import { type Drag, type Parts, parts, thinTicks } from "./parts";
import { inkIn } from "./room";
import { drawLine, type Line, lay, type Rule } from "./rules";
import { WarpedTicker, WarpedTicks } from "./scales";
import { covering } from "./span";
import { draw, type Stroke, type Trace } from "./strokes";
import { contrasting, palettes, type Theme } from "./theme";
import { ShortTicks, TimeTicks } from "./ticks";
import { linear, type Warp, warpOf } from "./warp";

export type { Drawn, TraceData } from "./drawn";
export type { Trace } from "./strokes";

export interface PlotOptions {
  label: string;
  height?: number;
  theme?: Theme;
  time?: boolean;
}

logger.set_level("warn"); // the console is the user's

/** A plot that follows its data until the person zooms, and draws only what is in view: Bokeh's axes, ranges and tools. */
export class Plot {
  readonly el: HTMLElement;
  readonly traces = new Map<string, Drawn>();
  /** Levels of y and moments of x that are drawn as labelled lines. */
  levels: Rule[] = [];
  moments: Rule[] = [];
  /** Called after a hand moved the window. */
  onMove: () => void = () => {};
  private readonly bokeh: Parts;
  private readonly model: BokehPlot;
  private readonly x: Range1d;
  private readonly y: Range1d;
  private readonly xAxis: LinearAxis;
  private readonly yAxis: LinearAxis;
  private readonly document = new BokehDocument();
  private readonly views = new ViewManager();
  private readonly ink = new Ink();
  private readonly stood = new Map<string, number>(); // where the words of the rules are
  private view: PlotView | null = null;
  private building: Promise<void> | null = null; // begins with the first painting: a chart that nobody sees costs nothing
  private moving = false;
  private followsX = true;
  private followsY = true;
  private gone = false;
  private theme: Theme;
  private warp: Warp = linear;
  private logs = false;
  private drag_: Drag | null = null;

  constructor(host: HTMLElement, options: PlotOptions) {
    this.el = host;
    this.theme = options.theme ?? "light";
    this.bokeh = parts(options.height ?? 200);
    ({ model: this.model, x: this.x, y: this.y, xAxis: this.xAxis, yAxis: this.yAxis } = this.bokeh);
    this.ink.onPaint = (ctx) => this.inked(ctx);
    this.model.add_layout(this.ink, "center");
    this.setTheme(this.theme);
    for (const range of [this.x, this.y]) range.change.connect(() => this.moved());
    this.document.add_root(this.model);
  }

  /** What dragging does. */
  set drag(tool: Drag) {
    if (tool === this.drag_) return;
    this.drag_ = tool;
    this.model.toolbar.active_drag = tool === "pan" ? this.bokeh.pan : this.bokeh.box;
  }

  /** Whether the wheel zooms; off, it scrolls the page. */
  set wheelZooms(on: boolean) {
    this.model.toolbar.active_scroll = on ? this.bokeh.wheel : null;
  }

  /** Whether the window still follows the data (nobody has zoomed). */
  get follows(): boolean {
    return this.followsX && this.followsY;
  }

  /** The span of x that is shown. */
  get window(): [number, number] {
    return [this.x.start, this.x.end];
  }

  /** The span of y that is shown. */
  get span(): [number, number] {
    return [this.warp.from(this.y.start), this.warp.from(this.y.end)];
  }

  /** Shows a span of x, and of y what lies in it; null shows everything. */
  look(window: [number, number] | null): void {
    this.followsX = window === null;
    this.followsY = true;
    if (window) this.move(this.x, window);
  }

  /** Height in pixels. */
  set height(pixels: number) {
    if (this.model.height !== pixels) this.model.height = pixels;
  }

  /** Whether y is drawn on a logarithmic scale. */
  set log(on: boolean) {
    if (on === this.logs) return;
    this.logs = on;
    this.followsY = true;
    this.yAxis.setv(
      on
        ? { ticker: new WarpedTicker() as never, formatter: new WarpedTicks() as never }
        : { ticker: new AdaptiveTicker({ mantissas: [1, 2, 5] }) as never, formatter: new ShortTicks() as never },
    );
    if (!on) this.warp = linear;
  }

  /** Adds a trace, or changes how one is drawn; its data stay. */
  add(trace: Trace): void {
    const old = this.traces.get(trace.key);
    if (old) old.trace = trace;
    else this.traces.set(trace.key, { trace, visible: true, data: { x: [], y: [], n: 0 }, ...nothing() });
  }

  remove(key: string): void {
    this.traces.delete(key);
  }

  /** Sets the rows of a trace; nothing is drawn before `paint`. The columns are kept, not copied. */
  data(key: string, data: TraceData): void {
    this.find(key).data = data;
  }

  /** Shows or hides a trace; the window follows at the next `paint`. */
  show(key: string, visible: boolean): void {
    this.find(key).visible = visible;
  }

  /** Names the x axis, and says whether it counts seconds. */
  xLabel(text: string, time = false): void {
    if (this.xAxis.axis_label !== text) this.xAxis.axis_label = text;
    this.bokeh.ticker.min_interval = time ? 0 : 1; // there is no half an episode
    if (time !== this.xAxis.formatter instanceof TimeTicks)
      this.xAxis.formatter = (time ? new TimeTicks() : new ShortTicks()) as never;
  }

  /** Draws the data: call it in an animation frame. */
  paint(): void {
    if (this.gone) return;
    this.view?.pause(); // one redraw for all that follows
    if (this.logs) this.rewarp();
    const shown = [...this.traces.values()].filter((one) => one.visible);
    if (this.followsX) this.move(this.x, covering(shown.map(({ data }) => [data.x, data.n])).pad(0.02).ends);
    const [from, to] = this.window;
    const wide = Math.round(this.view?.frame.bbox.width ?? 0);
    thinTicks(this.xAxis, wide);
    const buckets = bucketsOf(wide);
    for (const drawn of this.traces.values()) {
      if (drawn.visible) select(drawn, from, to, buckets);
      else Object.assign(drawn, nothing());
    }
    if (this.followsY) this.followY(shown);
    if (!this.view) {
      this.building ??= this.build();
      return;
    }
    this.view.unpause(true);
    this.view.invalidate_painters();
    this.view.repaint();
  }

  /** Shows everything again, and follows the data from here on. */
  reset(): void {
    this.followsX = this.followsY = true;
    this.paint();
    this.onMove();
  }

  /** Scales the window about its middle (below 1: closer), or shifts it by a part of its width. */
  nudge(scale: number, shift = 0): void {
    const middle = (this.x.start + this.x.end) / 2 + shift * (this.x.end - this.x.start);
    const half = ((this.x.end - this.x.start) / 2) * scale;
    this.x.setv({ start: middle - half, end: middle + half });
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    const palette = palettes[theme];
    this.model.setv({ background_fill_color: null, border_fill_color: null });
    dressAxis(this.xAxis, palette, true);
    dressAxis(this.yAxis, palette, false);
    this.bokeh.grid.setv({ grid_line_color: palette.line, grid_line_width: 1 });
    this.view?.request_paint();
  }

  /** The colour of a trace under the present theme. */
  color(trace: Trace): string {
    const { series } = palettes[this.theme];
    return typeof trace.color === "string" ? trace.color : (series[trace.color % series.length] as string);
  }

  /** Data coordinates of a place on the page, or null outside the frame; `px` turns data into page coordinates. */
  locate(
    clientX: number,
    clientY: number,
  ): { x: number; y: number; px: (x: number, y: number) => [number, number] } | null {
    if (!this.view) return null;
    const box = this.view.canvas_view.el.getBoundingClientRect();
    const { frame } = this.view;
    const [sx, sy] = [clientX - box.left, clientY - box.top];
    if (!frame.bbox.contains(sx, sy)) return null;
    const px = (x: number, y: number) => this.place(x, y) as [number, number];
    return { x: frame.x_scale.invert(sx), y: this.warp.from(frame.y_scale.invert(sy)), px };
  }

  /** Where a point of the data is on the page; null before the first drawing. */
  place(x: number, y: number): [number, number] | null {
    if (!this.view) return null;
    const box = this.view.canvas_view.el.getBoundingClientRect();
    const { frame } = this.view;
    return [box.left + frame.x_scale.compute(x), box.top + frame.y_scale.compute(this.warp.to(y))];
  }

  /** The rows on screen: what hovering and picking look through. */
  shown(): Drawn[] {
    return [...this.traces.values()].filter((drawn) => drawn.visible);
  }

  /** What is on paper now, in pixels of the plot: for a picture of it. Null before the first drawing. */
  paper(): Paper | null {
    if (!this.view) return null;
    const { frame, bbox } = this.view;
    const { left, right, top, bottom } = frame.bbox;
    const strokes = this.strokes();
    return {
      width: bbox.width,
      height: bbox.height,
      frame: { left, right, top, bottom },
      strokes,
      lines: this.lines(strokes),
      xTicks: ticksOf(this.xAxis, this.x, frame.x_scale),
      yTicks: ticksOf(this.yAxis, this.y, frame.y_scale),
      xLabel: String(this.xAxis.axis_label ?? ""),
      theme: this.theme,
    };
  }

  destroy(): void {
    this.gone = true;
    this.onMove = () => {};
    this.views.clear();
    this.view = null;
    this.document.clear();
    this.el.replaceChildren();
  }

  private async build(): Promise<void> {
    const view = (await this.views.build_view(this.model)) as PlotView;
    if (this.gone) return view.remove();
    view.build(this.el);
    this.view = view;
    view.canvas_view.events_el.tabIndex = -1;
    view.canvas_view.events_el.style.outline = "none"; // the host has the focus ring
    this.paint();
  }

  private find(key: string): Drawn {
    const drawn = this.traces.get(key);
    if (!drawn) throw new Error(`the plot has no trace "${key}"`);
    return drawn;
  }

  private inked(ctx: CanvasRenderingContext2D): void {
    if (!this.view) return;
    const strokes = this.strokes();
    for (const stroke of strokes) {
      ctx.save();
      draw(ctx, stroke);
      ctx.restore();
    }
    for (const line of this.lines(strokes)) drawLine(ctx, line, font, palettes[this.theme].surface);
  }

  private strokes(): Stroke[] {
    const { frame } = this.view as PlotView;
    const [sx, sy] = [affine(frame.x_scale, this.x), affine(frame.y_scale, this.y)];
    const bold = (trace: Trace): Trace =>
      contrasting(this.theme) && trace.kind !== "band" ? { ...trace, alpha: Math.max(trace.alpha ?? 1, 0.5) } : trace;
    return strokesOf(this.shown(), sx, sy, this.warp).map((stroke) => ({
      ...stroke,
      trace: bold(stroke.trace),
      color: this.color(stroke.trace),
    }));
  }

  private lines(strokes: Stroke[]): Line[] {
    const { frame } = this.view as PlotView;
    const palette = palettes[this.theme];
    return lay(this.levels, this.moments, {
      frame: frame.bbox,
      sx: (x) => frame.x_scale.compute(x),
      sy: (y) => frame.y_scale.compute(this.warp.to(y)),
      colors: { strong: palette.muted, quiet: palette.faint },
      ink: (box) => inkIn(strokes, box),
      stood: this.stood,
    });
  }

  private moved(): void {
    if (this.moving) return;
    this.followsX = this.followsY = false;
    this.onMove();
  }

  private move(range: Range1d, [start, end]: [number, number]): void {
    if (range.start === start && range.end === end) return;
    this.moving = true;
    range.setv({ start, end });
    this.moving = false;
  }

  private followY(shown: Drawn[]): void {
    const { to } = this.warp;
    const columns = shown.flatMap(({ x, y, low }): [Numbers, number][] => {
      const edges = low ? [y, low] : [y];
      return edges.map((edge) => [this.warp === linear ? edge : edge.map((value) => to(value)), x.length]);
    });
    const all = covering(columns);
    for (const { at } of this.levels) all.reach(to(at), 1.6);
    this.move(this.y, all.pad(0.07).ends);
  }

  private rewarp(): void {
    const shown = [...this.traces.values()].filter(({ visible }) => visible);
    this.warp = warpOf(shown.map(({ data }) => [data.y, data.n]));
    (this.yAxis.ticker as unknown as WarpedTicker).warp = this.warp;
    (this.yAxis.formatter as unknown as WarpedTicks).warp = this.warp;
  }
}

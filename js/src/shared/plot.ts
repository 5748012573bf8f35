import { logger } from "@bokeh/bokehjs/build/js/lib/core/logging";
import { ViewManager } from "@bokeh/bokehjs/build/js/lib/core/view_manager";
import { Document as BokehDocument } from "@bokeh/bokehjs/build/js/lib/document";
import { LinearAxis } from "@bokeh/bokehjs/build/js/lib/models/axes/linear_axis";
import { Line } from "@bokeh/bokehjs/build/js/lib/models/glyphs/line";
import { Scatter } from "@bokeh/bokehjs/build/js/lib/models/glyphs/scatter";
import { VArea } from "@bokeh/bokehjs/build/js/lib/models/glyphs/varea";
import { Grid } from "@bokeh/bokehjs/build/js/lib/models/grids/grid";
import { Plot as BokehPlot, type PlotView } from "@bokeh/bokehjs/build/js/lib/models/plots/plot";
import { Range1d } from "@bokeh/bokehjs/build/js/lib/models/ranges/range1d";
import type { GlyphRenderer } from "@bokeh/bokehjs/build/js/lib/models/renderers/glyph_renderer";
import { ColumnDataSource } from "@bokeh/bokehjs/build/js/lib/models/sources/column_data_source";
import { BoxZoomTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/box_zoom_tool";
import { PanTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/pan_tool";
import { WheelZoomTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/wheel_zoom_tool";
import { Toolbar } from "@bokeh/bokehjs/build/js/lib/models/tools/toolbar";
import { extent, type Numbers, visibleRows } from "./downsample";
import { palettes, type Theme } from "./theme";
import { ShortTicks, TimeTicks } from "./ticks";

/** One thing drawn in a plot. `color` is a CSS colour, or an index into the theme's series colours (it follows the theme). */
export interface Trace {
  key: string;
  label: string;
  kind: "points" | "hollow" | "line" | "band";
  color: number | string;
  size?: number;
  width?: number;
  alpha?: number;
  dash?: number[];
}

/** The rows of a trace: the first `n` of each column. A band has `low` and `y` (its upper edge). `id` names a row to `onPick`. */
export interface TraceData {
  x: Numbers;
  y: Numbers;
  n: number;
  low?: Numbers;
  id?: Numbers;
}

export interface PlotOptions {
  label: string;
  height?: number;
  theme?: Theme;
  time?: boolean;
}

interface Drawn {
  trace: Trace;
  data: TraceData;
  source: ColumnDataSource;
  renderer: GlyphRenderer;
  visible: boolean;
}

logger.set_level("warn"); // the console is the user's

const LEAST_BUCKETS = 250; // 4 rows each at most, one bucket a pixel: some 1,000 to 4,000 points a series in view
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** A Bokeh plot that follows its data until the person zooms, and draws only what is in view. */
export class Plot {
  readonly el: HTMLElement;
  readonly ready: Promise<void>;
  readonly traces = new Map<string, Drawn>();
  /** Called after the window moved, by hand or with the data. */
  onMove: () => void = () => {};
  private readonly model: BokehPlot;
  private readonly document = new BokehDocument();
  private readonly views = new ViewManager();
  private readonly x = new Range1d({ start: 0, end: 1 });
  private readonly y = new Range1d({ start: 0, end: 1 });
  private readonly xAxis: LinearAxis = new LinearAxis({ formatter: new ShortTicks() });
  private readonly yAxis: LinearAxis = new LinearAxis({ formatter: new ShortTicks() });
  private readonly grids = [new Grid({ axis: this.yAxis, dimension: 1 })];
  private readonly pan = new PanTool();
  private readonly box = new BoxZoomTool();
  private readonly wheel = new WheelZoomTool();
  private view: PlotView | null = null;
  private moving = false;
  private following = true;
  private gone = false;
  private theme: Theme;

  constructor(host: HTMLElement, options: PlotOptions) {
    this.el = host;
    this.theme = options.theme ?? "light";
    this.model = new BokehPlot({
      x_range: this.x,
      y_range: this.y,
      height: options.height ?? 200,
      sizing_mode: "stretch_width",
      min_width: 120,
      min_border: 0,
      min_border_right: 14,
      min_border_top: 8,
      toolbar_location: null,
      toolbar: new Toolbar({ tools: [this.pan, this.box, this.wheel], logo: null }),
      lod_threshold: null,
      output_backend: "canvas",
      outline_line_color: null,
    });
    this.model.toolbar.active_scroll = null;
    this.model.add_layout(this.xAxis, "below");
    this.model.add_layout(this.yAxis, "left");
    for (const grid of this.grids) this.model.add_layout(grid, "center");
    this.setTheme(this.theme);
    for (const range of [this.x, this.y]) range.change.connect(() => this.moved());
    this.document.add_root(this.model);
    this.ready = this.build();
  }

  /** What dragging does. */
  set drag(tool: "pan" | "box") {
    this.model.toolbar.active_drag = tool === "pan" ? this.pan : this.box;
  }

  /** Whether the wheel zooms; off, it scrolls the page. */
  set wheelZooms(on: boolean) {
    this.model.toolbar.active_scroll = on ? this.wheel : null;
  }

  /** Whether the window still follows the data (nobody has zoomed). */
  get follows(): boolean {
    return this.following;
  }

  /** Adds a trace, or changes how one is drawn; its data stay. */
  add(trace: Trace): void {
    const old = this.traces.get(trace.key);
    if (old && JSON.stringify(old.trace) === JSON.stringify(trace)) return;
    if (old) this.remove(trace.key);
    const source = new ColumnDataSource({ data: { x: [], y: [], low: [], row: [] } });
    const { size = 5, width = 2, alpha = 1, dash = [] } = trace;
    const x = { field: "x" };
    const y = { field: "y" };
    const glyph =
      trace.kind === "line"
        ? new Line({
            x,
            y,
            line_width: width,
            line_alpha: alpha,
            line_dash: dash,
            line_join: "round",
            line_cap: "round",
          })
        : trace.kind === "band"
          ? new VArea({ x, y1: { field: "low" }, y2: y, fill_alpha: alpha })
          : new Scatter({
              x,
              y,
              size,
              fill_alpha: trace.kind === "hollow" ? 0 : alpha,
              line_alpha: alpha,
              line_width: 1,
            });
    const renderer = this.model.add_glyph(glyph, source);
    if (trace.kind === "points") (glyph as Scatter).line_color = null as never;
    const drawn = { trace, source, renderer, visible: true, data: old?.data ?? { x: [], y: [], n: 0 } };
    this.traces.set(trace.key, drawn);
    this.paintTrace(drawn);
  }

  remove(key: string): void {
    const drawn = this.traces.get(key);
    if (!drawn) return;
    this.traces.delete(key);
    this.model.renderers = this.model.renderers.filter((renderer) => renderer !== drawn.renderer);
  }

  /** Sets the rows of a trace; nothing is drawn before `paint`. The columns are kept, not copied. */
  data(key: string, data: TraceData): void {
    const drawn = this.traces.get(key);
    if (!drawn) throw new Error(`the plot has no trace "${key}"`);
    drawn.data = data;
  }

  /** Shows or hides a trace; the window follows at the next `paint`. */
  show(key: string, visible: boolean): void {
    const drawn = this.traces.get(key);
    if (!drawn || drawn.visible === visible) return;
    drawn.visible = visible;
    drawn.renderer.visible = visible;
  }

  /** Names the x axis, and says whether it counts seconds. */
  xLabel(text: string, time = false): void {
    this.xAxis.axis_label = text;
    if (time !== this.xAxis.formatter instanceof TimeTicks)
      this.xAxis.formatter = (time ? new TimeTicks() : new ShortTicks()) as never;
  }

  yLabel(text: string): void {
    this.yAxis.axis_label = text || null;
  }

  /** Draws the data: call it in an animation frame. */
  paint(): void {
    if (this.gone) return;
    if (this.following) this.follow();
    const [from, to] = [this.x.start, this.x.end];
    const buckets = Math.max(LEAST_BUCKETS, Math.min(1000, Math.round(this.view?.frame.bbox.width ?? 0)));
    for (const { data, source, visible } of this.traces.values()) {
      if (!visible) continue;
      const row = visibleRows(data.x, data.y, data.n, from, to, buckets);
      const pick = (values: Numbers) => Float64Array.from(row, (i) => values[i] as number);
      const x = pick(data.x);
      source.data = { x, y: pick(data.y), low: data.low ? pick(data.low) : x, row };
    }
  }

  /** Shows everything again, and follows the data from here on. */
  reset(): void {
    this.following = true;
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
    for (const axis of [this.xAxis, this.yAxis])
      axis.setv({
        axis_line_color: axis === this.xAxis ? palette.line : null,
        major_tick_line_color: null,
        minor_tick_line_color: null,
        major_label_text_color: palette.muted,
        major_label_text_font: font,
        major_label_text_font_size: "11px",
        axis_label_text_color: palette.muted,
        axis_label_text_font: font,
        axis_label_text_font_size: "11px",
        axis_label_text_font_style: "normal",
        major_label_standoff: 6,
        axis_label_standoff: 6,
      });
    for (const grid of this.grids) grid.setv({ grid_line_color: palette.line, grid_line_width: 1 });
    for (const drawn of this.traces.values()) this.paintTrace(drawn);
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
    const px = (x: number, y: number): [number, number] => [
      box.left + frame.x_scale.compute(x),
      box.top + frame.y_scale.compute(y),
    ];
    return { x: frame.x_scale.invert(sx), y: frame.y_scale.invert(sy), px };
  }

  /** The rows on screen: what hovering and picking look through. */
  shown(): { trace: Trace; x: Float64Array; y: Float64Array; row: Uint32Array }[] {
    const shown = [];
    for (const { trace, source, visible } of this.traces.values()) {
      if (!visible) continue;
      const { x, y, row } = source.data as unknown as { x: Float64Array; y: Float64Array; row: Uint32Array };
      shown.push({ trace, x, y, row });
    }
    return shown;
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

  private paintTrace({ trace, renderer }: Drawn): void {
    const color = this.color(trace);
    const glyph = renderer.glyph;
    if (glyph instanceof Line) glyph.line_color = color as never;
    else if (glyph instanceof VArea) glyph.fill_color = color as never;
    else if (trace.kind === "hollow") (glyph as Scatter).line_color = color as never;
    else (glyph as Scatter).fill_color = color as never;
  }

  private moved(): void {
    if (this.moving) return;
    this.following = false;
    this.onMove();
  }

  private follow(): void {
    let xs: [number, number] = [Infinity, -Infinity];
    let ys: [number, number] = [Infinity, -Infinity];
    for (const { data, visible } of this.traces.values()) {
      if (!visible || data.n === 0) continue;
      xs = extent(data.x, data.n, xs);
      ys = extent(data.y, data.n, ys);
      if (data.low) ys = extent(data.low, data.n, ys);
    }
    if (!(xs[0] <= xs[1])) xs = [0, 1];
    if (!(ys[0] <= ys[1])) ys = [0, 1];
    const wide = xs[1] - xs[0] || Math.max(1, Math.abs(xs[1]) * 0.1);
    const high = ys[1] - ys[0] || Math.max(1, Math.abs(ys[1]) * 0.1);
    this.moving = true;
    this.x.setv({ start: xs[0] - wide * 0.02, end: xs[1] + wide * 0.02 });
    this.y.setv({ start: ys[0] - high * 0.07, end: ys[1] + high * 0.07 });
    this.moving = false;
  }
}

import { LinearAxis } from "@bokeh/bokehjs/build/js/lib/models/axes/linear_axis";
import { Grid } from "@bokeh/bokehjs/build/js/lib/models/grids/grid";
import { Plot } from "@bokeh/bokehjs/build/js/lib/models/plots/plot";
import { Range1d } from "@bokeh/bokehjs/build/js/lib/models/ranges/range1d";
import { AdaptiveTicker } from "@bokeh/bokehjs/build/js/lib/models/tickers/adaptive_ticker";
import { BoxZoomTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/box_zoom_tool";
import { PanTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/pan_tool";
import { WheelZoomTool } from "@bokeh/bokehjs/build/js/lib/models/tools/gestures/wheel_zoom_tool";
import { Toolbar } from "@bokeh/bokehjs/build/js/lib/models/tools/toolbar";
import { ShortTicks } from "./ticks";

/** What dragging does: move the window, or choose a smaller one. */
export type Drag = "pan" | "box";

/** The Bokeh models of a plot, put together. */
export type Parts = ReturnType<typeof parts>;

/** A plot with two linear axes, lines across at the ticks of y, and tools that are switched on and off from outside. */
export function parts(height: number) {
  const [x, y] = [new Range1d({ start: 0, end: 1 }), new Range1d({ start: 0, end: 1 })];
  const ticker = new AdaptiveTicker({ mantissas: [1, 2, 5] });
  const xAxis: LinearAxis = new LinearAxis({ formatter: new ShortTicks(), ticker: ticker as never });
  const yAxis: LinearAxis = new LinearAxis({ formatter: new ShortTicks() });
  const grid = new Grid({ axis: yAxis, dimension: 1 });
  const [pan, box, wheel] = [new PanTool(), new BoxZoomTool(), new WheelZoomTool()];
  const model = new Plot({
    x_range: x,
    y_range: y,
    height,
    sizing_mode: "stretch_width",
    min_width: 120,
    min_border: 0,
    min_border_right: 14,
    min_border_top: 8,
    toolbar_location: null,
    toolbar: new Toolbar({ tools: [pan, box, wheel], logo: null }),
    lod_threshold: null,
    output_backend: "canvas",
    outline_line_color: null,
  });
  model.toolbar.active_scroll = null;
  model.add_layout(xAxis, "below");
  model.add_layout(yAxis, "left");
  model.add_layout(grid, "center");
  return { model, x, y, ticker, xAxis, yAxis, grid, pan, box, wheel };
}

/** Fewer ticks in a narrow cell, where their labels would run into each other. */
export function thinTicks(axis: LinearAxis, width: number): void {
  const ticker = axis.ticker as unknown as { desired_num_ticks: number };
  const wanted = width > 0 && width < 360 ? 3 : 6;
  if (ticker.desired_num_ticks !== wanted) ticker.desired_num_ticks = wanted;
}

import type { LinearAxis } from "@bokeh/bokehjs/build/js/lib/models/axes/linear_axis";
import type { Range1d } from "@bokeh/bokehjs/build/js/lib/models/ranges/range1d";
import type { Palette } from "./theme";

export const font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

interface Scale {
  compute(value: number): number;
}

/** Gives an axis the quiet look of the house; only the x axis has a line. */
export function dressAxis(axis: LinearAxis, palette: Palette, line: boolean): void {
  axis.setv({
    axis_line_color: line ? palette.line : null,
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
}

/** Where the ticks of an axis are, in pixels, and their labels. */
export function ticksOf(axis: LinearAxis, range: Range1d, scale: Scale): { at: number; words: string }[] {
  const at = axis.ticker.get_ticks(range.start, range.end, range, Number.NaN).major as number[];
  const words = axis.formatter.doFormat(at, { loc: 0 } as never) as string[];
  return at.map((tick, i) => ({ at: scale.compute(tick), words: String(words[i]) }));
}

/** A linear scale as offset and factor. */
export function affine(scale: Scale, { start, end }: Range1d): [number, number] {
  const factor = (scale.compute(end) - scale.compute(start)) / (end - start || 1);
  return [scale.compute(start) - start * factor, factor];
}

import { Annotation, AnnotationView } from "@bokeh/bokehjs/build/js/lib/models/annotations/annotation";

/** Paints the traces of a plot: set by the plot, called by Bokeh between the grid and the axes. */
export type Paint = (ctx: CanvasRenderingContext2D) => void;

/** Bokeh's part of it: a place in the order of painting. */
export class InkView extends AnnotationView {
  declare model: Ink;

  protected override _paint(ctx: unknown): void {
    this.model.onPaint(ctx as CanvasRenderingContext2D);
  }

  override update_position(): void {} // it has no element of its own
}

/**
 * One renderer for all traces of a plot. Bokeh's glyphs keep six views and a spatial index each, and build them anew with
 * every tick; for a few thousand rows that were thinned beforehand, drawing them costs less than that.
 */
export class Ink extends Annotation {
  declare __view_type__: InkView;
  onPaint: Paint = () => {};
}

Ink.prototype.default_view = InkView;
Ink.override({ level: "glyph" as never });

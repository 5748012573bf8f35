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

/** A trace on its way to paper: pixels, x and y interleaved (a NaN breaks a line), `low` the lower edge of a band. */
export interface Stroke {
  trace: Trace;
  color: string;
  xy: Float32Array;
  low: Float32Array | null;
}

/** Draws a stroke into a canvas. */
export function draw(ctx: CanvasRenderingContext2D, { trace, color, xy, low }: Stroke): void {
  const { size = 5, width = 2, alpha = 1, dash = [] } = trace;
  ctx.globalAlpha = alpha;
  if (trace.kind === "points") return dots(ctx, xy, size / 2, color);
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = trace.kind === "hollow" ? 1.2 : width;
  ctx.lineJoin = ctx.lineCap = "round";
  ctx.setLineDash(dash);
  ctx.beginPath();
  if (trace.kind === "hollow") rings(ctx, xy, size / 2);
  else path(ctx, xy);
  if (trace.kind === "band" && low) {
    for (let i = low.length - 2; i >= 0; i -= 2) ctx.lineTo(low[i] as number, low[i + 1] as number);
    ctx.fill();
  } else ctx.stroke();
}

function path(ctx: CanvasRenderingContext2D, xy: Float32Array): void {
  let up = true;
  for (let i = 0; i < xy.length; i += 2) {
    const [x, y] = [xy[i] as number, xy[i + 1] as number];
    if (!(Number.isFinite(x) && Number.isFinite(y))) up = true;
    else if (up) {
      ctx.moveTo(x, y);
      up = false;
    } else ctx.lineTo(x, y);
  }
}

function rings(ctx: CanvasRenderingContext2D, xy: Float32Array, radius: number): void {
  for (let i = 0; i < xy.length; i += 2) {
    const [x, y] = [xy[i] as number, xy[i + 1] as number];
    if (!(Number.isFinite(x) && Number.isFinite(y))) continue;
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

const stamps = new Map<string, HTMLCanvasElement>();

/** Discs of one colour: one is drawn and then stamped, which lets crowds darken and costs less than a path each. */
function dots(ctx: CanvasRenderingContext2D, xy: Float32Array, radius: number, color: string): void {
  const scale = Math.max(1, ctx.getTransform().a);
  const side = Math.ceil(2 * radius * scale) + 2;
  const key = `${color} ${side} ${radius}`;
  let stamp = stamps.get(key);
  if (!stamp) {
    if (stamps.size > 64) stamps.clear();
    stamp = document.createElement("canvas");
    stamp.width = stamp.height = side;
    const pen = stamp.getContext("2d") as CanvasRenderingContext2D;
    pen.fillStyle = color;
    pen.beginPath();
    pen.arc(side / 2, side / 2, radius * scale, 0, 2 * Math.PI);
    pen.fill();
    stamps.set(key, stamp);
  }
  const span = side / scale;
  for (let i = 0; i < xy.length; i += 2) {
    const [x, y] = [xy[i] as number, xy[i + 1] as number];
    if (Number.isFinite(x) && Number.isFinite(y)) ctx.drawImage(stamp, x - span / 2, y - span / 2, span, span);
  }
}

/** A stroke as elements of an SVG. */
export function toSvg({ trace, color, xy, low }: Stroke): string {
  const { size = 5, width = 2, alpha = 1, dash = [] } = trace;
  const at = (i: number, of = xy) => `${(of[i] as number).toFixed(1)} ${(of[i + 1] as number).toFixed(1)}`;
  const fine = (i: number) => Number.isFinite(xy[i]) && Number.isFinite(xy[i + 1]);
  if (trace.kind === "points" || trace.kind === "hollow") {
    const circles: string[] = [];
    for (let i = 0; i < xy.length; i += 2) {
      if (!fine(i)) continue;
      const [x, y] = at(i).split(" ");
      circles.push(`<circle cx="${x}" cy="${y}" r="${size / 2}"/>`);
    }
    const ink = trace.kind === "points" ? `fill="${color}" fill-opacity` : `fill="none" stroke="${color}" opacity`;
    return `<g ${ink}="${alpha}">${circles.join("")}</g>`;
  }
  let d = "";
  let up = true;
  for (let i = 0; i < xy.length; i += 2) {
    if (fine(i)) d += `${up ? "M" : "L"}${at(i)}`;
    up = !fine(i);
  }
  if (trace.kind === "band" && low) {
    for (let i = low.length - 2; i >= 0; i -= 2) d += `L${at(i, low)}`;
    return `<path d="${d}Z" fill="${color}" fill-opacity="${alpha}"/>`;
  }
  const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
  const pen = `stroke="${color}" stroke-width="${width}" stroke-opacity="${alpha}" stroke-linejoin="round"`;
  return `<path d="${d}" fill="none" ${pen}${dashes}/>`;
}

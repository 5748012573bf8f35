/** The small pictures in the cells of the table: a run's course, and every run as a dot on an axis that all rows share. */

const SPACE = "http://www.w3.org/2000/svg";
const [WIDE, HIGH] = [88, 18];

function svg(words: string, ...parts: [string, Record<string, string>][]): SVGSVGElement {
  const make = (tag: string, attributes: Record<string, string>) => {
    const element = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const size = { viewBox: `0 0 ${WIDE} ${HIGH}`, width: String(WIDE), height: String(HIGH) };
  const el = make("svg", { ...size, role: "img", "aria-label": words, class: "rlnb-small" }) as SVGSVGElement;
  el.append(...parts.map(([tag, attributes]) => make(tag, attributes)));
  return el;
}

/** The lowest and highest of many values; NaN counts for nothing. */
export function extent(values: Iterable<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

const between = (value: number, [low, high]: [number, number], size: number) =>
  4 + (high > low ? (value - low) / (high - low) : 0.5) * (size - 8);

/** Scores between the two ends of all; their mean as a stroke where there are several. */
export function dots(scores: readonly number[], ends: [number, number]): SVGSVGElement {
  const x = (value: number) => between(value, ends, WIDE).toFixed(1);
  const circles = scores.map((value): [string, Record<string, string>] => [
    "circle",
    { cx: x(value), cy: "9", r: "3", fill: "currentColor", "fill-opacity": "0.6" },
  ]);
  const mean = x(scores.reduce((sum, value) => sum + value, 0) / scores.length);
  const stroke = { x1: mean, x2: mean, y1: "2", y2: "16", stroke: "currentColor", "stroke-width": "1.5" };
  const shown =
    scores.length < 7 ? scores.map((value) => Math.round(value * 10) / 10).join(", ") : `${scores.length} runs`;
  return svg(`scores: ${shown || "none"}`, ...circles, ...(scores.length > 1 ? [["line", stroke] as never] : []));
}

/** A curve without axes. */
export function spark(x: ArrayLike<number>, y: ArrayLike<number>): SVGSVGElement {
  const [wide, high] = [extent(Array.from(x)), extent(Array.from(y))];
  let d = "";
  for (let i = 0; i < y.length; i++)
    if (Number.isFinite(y[i]))
      d += `${d ? "L" : "M"}${between(x[i] as number, wide, WIDE).toFixed(1)} ${(HIGH - between(y[i] as number, high, HIGH)).toFixed(1)}`;
  return svg("course of the return", ["path", { d, fill: "none", stroke: "currentColor", "stroke-width": "1.4" }]);
}

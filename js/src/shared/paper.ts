import { type Line, lineToSvg } from "./rules";
import { type Stroke, toSvg } from "./strokes";
import { palettes, type Theme } from "./theme";

interface Tick {
  at: number;
  words: string;
}

/** A chart as it is drawn now, in pixels. */
export interface Paper {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  strokes: Stroke[];
  lines: Line[];
  xTicks: Tick[];
  yTicks: Tick[];
  xLabel: string;
  theme: Theme;
}

/** One chart of a picture: its title, the words beside it, and the names of its series. */
export interface Titled {
  title: string;
  note: string;
  legend: { label: string; color: string }[];
  paper: Paper;
}

const HEAD = 44;
const GAP = 20;
const TITLE = 24;
const family = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif";

/** Text as XML has it. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");

const cut = (text: string, width: number, size: number): string => {
  const most = Math.max(4, Math.floor(width / (size * 0.55)));
  const signs = [...text];
  return escapeXml(signs.length > most ? `${signs.slice(0, most - 1).join("")}…` : text);
};

/** Charts as one SVG, two a row where they were. */
export function svgOf(charts: Titled[], head: { title: string; words: string }, theme: Theme): string {
  const palette = palettes[theme];
  const columns = charts.length > 1 ? 2 : 1;
  const wide = Math.max(200, ...charts.map(({ paper }) => paper.width));
  const high = Math.max(120, ...charts.map(({ paper }) => paper.height)) + TITLE + 22;
  const width = Math.ceil(columns * wide + (columns + 1) * GAP);
  const height = Math.ceil(HEAD + Math.ceil(charts.length / columns) * (high + GAP) + GAP);
  const text = (x: number, y: number, words: string, size: number, fill: string, more = "") =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${fill}" ${more}>${words}</text>`;
  const body = charts.map((chart, k) => {
    const x = GAP + (k % columns) * (wide + GAP);
    const y = HEAD + Math.floor(k / columns) * (high + GAP);
    const title = text(0, 14, cut(chart.title, wide / 2, 14), 14, palette.text, 'font-weight="600"');
    let at = 0;
    const legend = chart.legend.map(({ label, color }) => {
      const words = cut(label, 200, 12);
      const one = `<rect x="${at}" y="${TITLE}" width="10" height="10" rx="3" fill="${color}"/>${text(at + 15, TITLE + 9, words, 12, palette.text)}`;
      at += 30 + Math.min(label.length, 34) * 6.6;
      return one;
    });
    const shift = chart.legend.length > 0 ? TITLE + 16 : TITLE - 4;
    const plot = `<g transform="translate(0 ${shift})">${chartSvg(chart.paper, k)}</g>`;
    return `<g transform="translate(${x} ${y})">${title}${legend.join("")}${plot}</g>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${family}">` +
    `<rect width="100%" height="100%" fill="${palette.surface}"/>` +
    text(GAP, 22, cut(head.title, width - 2 * GAP, 16), 16, palette.text, 'font-weight="650"') +
    text(GAP, 38, cut(head.words, width - 2 * GAP, 12), 12, palette.muted) +
    `${body.join("")}</svg>`
  );
}

function chartSvg(paper: Paper, k: number): string {
  const palette = palettes[paper.theme];
  const { left, right, top, bottom } = paper.frame;
  const word = (x: number, y: number, words: string, anchor: string) =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="11" fill="${palette.muted}" text-anchor="${anchor}">${escapeXml(words)}</text>`;
  const grid = paper.yTicks.map(
    ({ at, words }) =>
      `<path d="M${left} ${at.toFixed(1)}H${right}" stroke="${palette.line}"/>${word(left - 7, at + 4, words, "end")}`,
  );
  const xs = paper.xTicks.map(({ at, words }) => word(at, bottom + 17, words, "middle"));
  const clip = `rlnb-clip-${k}`;
  return (
    `<clipPath id="${clip}"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>` +
    `${grid.join("")}${xs.join("")}<path d="M${left} ${bottom}H${right}" stroke="${palette.line}"/>` +
    `<g clip-path="url(#${clip})">${paper.strokes.map(toSvg).join("")}</g>` +
    paper.lines.map((line) => lineToSvg(line, escapeXml)).join("") +
    word((left + right) / 2, bottom + 34, paper.xLabel, "middle")
  );
}

/** An SVG drawn into a PNG at twice its size. */
export async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("this browser made no PNG of the charts; save them as SVG");
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}

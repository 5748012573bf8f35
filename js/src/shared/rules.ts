import { type Box, overlap } from "./room";

/** A labelled line across a plot: a level of y, or a moment of x. */
export interface Rule {
  key: string;
  at: number;
  label: string;
  /** "strong" is drawn dashed, "quiet" dotted and paler. */
  tone: "strong" | "quiet";
}

/** A rule on its way to paper, in pixels. */
export interface Line {
  from: [number, number];
  to: [number, number];
  tone: Rule["tone"];
  color: string;
  text: { at: [number, number]; words: string; align: "start" | "end" } | null;
}

/** What the placing of words looks at. */
export interface Ground {
  frame: Box;
  sx: (x: number) => number;
  sy: (y: number) => number;
  colors: Record<Rule["tone"], string>;
  /** How much is drawn in a box. */
  ink: (box: Box) => number;
  /** Where the words of each rule were last, by key: they stay there unless another place has become much better. */
  stood: Map<string, number>;
}

type Text = NonNullable<Line["text"]>;

const TEXT = 11; // pixels
const LETTER = 6; // pixels of one, about
const HEADROOM = 4; // pixels of a word's box that may stand over the frame; the paper ends there
const MUCH = 6; // ink that words put up with before they move
const CROWD = 12; // ink upon which a word that may be left out is not written

/** The levels and moments that are in the frame; a level beyond it is named at the edge where it would be. */
export function lay(levels: Rule[], moments: Rule[], ground: Ground): Line[] {
  const { frame, sx, sy, colors } = ground;
  const lines: Line[] = [];
  const taken: Box[] = [];
  const say = (key: string, words: string, places: Omit<Text, "words">[], must: boolean): Text | null => {
    const text = choose(
      key,
      places.map((place) => ({ ...place, words })),
      ground,
      taken,
      must,
    );
    if (text) taken.push(boxOf(text));
    return text;
  };
  for (const { key, at, label, tone } of levels) {
    const y = sy(at);
    if (!Number.isFinite(y)) continue;
    const above = y < frame.top - 1;
    const outside = above || y > frame.bottom + 1;
    const words = outside ? label + (above ? " ↑" : " ↓") : label;
    const edge = above ? frame.top + TEXT : frame.bottom - 4;
    const [over, under] = outside ? [edge, edge + (above ? TEXT + 3 : -(TEXT + 3))] : [y - 4, y + TEXT + 2];
    lines.push({
      from: outside ? [0, 0] : [frame.left, y],
      to: outside ? [0, 0] : [frame.right, y],
      tone,
      color: colors[tone],
      text: say(key, words, corners(frame, over, under), true),
    });
  }
  for (const { key, at, label, tone } of moments) {
    const x = sx(at);
    if (!(x >= frame.left && x <= frame.right)) continue;
    const text = say(`moment ${key}`, label, beside(x, frame), false); // without room it is left to the history
    lines.push({ from: [x, frame.top], to: [x, frame.bottom], tone, color: colors[tone], text });
  }
  return lines;
}

type Place = Omit<Text, "words">;

const corners = (frame: Box, over: number, under: number): Place[] =>
  [over, under].flatMap((y): Place[] => [
    { at: [frame.right - 4, y], align: "end" },
    { at: [frame.left + 6, y], align: "start" },
    { at: [(frame.left + frame.right) / 2, y], align: "start" },
    { at: [(frame.left + frame.right) / 2, y], align: "end" },
  ]);

const beside = (x: number, frame: Box): Place[] =>
  [frame.bottom - 5, frame.top + TEXT].flatMap((y): Place[] => [
    { at: [x + 4, y], align: "start" },
    { at: [x - 4, y], align: "end" },
  ]);

function boxOf({ at: [x, y], words, align }: Text): Box {
  const wide = words.length * LETTER;
  const left = align === "start" ? x : x - wide;
  return { left: left - 2, right: left + wide + 2, top: y - TEXT, bottom: y + 3 };
}

/** The place with the least ink under the words, the first of equals; null where every place is cut or taken. */
function choose(key: string, texts: Text[], { frame, ink, stood }: Ground, taken: Box[], must: boolean): Text | null {
  let best: { place: number; cost: number } | null = null;
  for (const [place, text] of texts.entries()) {
    const box = boxOf(text);
    const cut = box.left < frame.left - 2 || box.right > frame.right + 4 || box.top < frame.top - HEADROOM;
    if (cut || box.bottom > frame.bottom + 3 || taken.some((other) => overlap(box, other))) continue;
    const here = (stood.get(key) ?? place) === place;
    const cost = ink(box) - (here ? MUCH : 0);
    if (!best || cost < best.cost) best = { place, cost };
    if (here && cost === -MUCH) break; // free
  }
  if (!best || (!must && best.cost > CROWD)) return must ? (texts[0] ?? null) : null;
  stood.set(key, best.place);
  return texts[best.place] ?? null;
}

const dashes = { strong: [6, 4], quiet: [2, 3] };

/** Draws a rule into a canvas; `paper` is put behind its words. */
export function drawLine(ctx: CanvasRenderingContext2D, line: Line, font: string, paper: string): void {
  ctx.globalAlpha = 1;
  ctx.strokeStyle = line.color;
  ctx.lineWidth = 1.2;
  ctx.setLineDash(dashes[line.tone]);
  ctx.beginPath();
  ctx.moveTo(...line.from);
  ctx.lineTo(...line.to);
  ctx.stroke();
  if (!line.text) return;
  ctx.setLineDash([]);
  ctx.font = `${TEXT}px ${font}`;
  ctx.textAlign = line.text.align;
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = 4;
  ctx.lineJoin = "round";
  ctx.strokeStyle = paper;
  ctx.strokeText(line.text.words, ...line.text.at);
  ctx.fillStyle = line.color;
  ctx.fillText(line.text.words, ...line.text.at);
}

/** The same as SVG. */
export function lineToSvg(line: Line, quote: (text: string) => string): string {
  const [[x1, y1], [x2, y2]] = [line.from, line.to];
  const dash = dashes[line.tone].join(" ");
  const pen = `stroke="${line.color}" stroke-width="1.2" stroke-dasharray="${dash}"`;
  const words = line.text
    ? `<text x="${line.text.at[0]}" y="${line.text.at[1]}" font-size="${TEXT}" fill="${line.color}" ` +
      `text-anchor="${line.text.align}">${quote(line.text.words)}</text>`
    : "";
  return `<path d="M${x1} ${y1}L${x2} ${y2}" ${pen}/>${words}`;
}

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

const TEXT = 11; // pixels

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The levels and moments that are in the frame; a level beyond it is named at the edge where it would be. */
export function lay(
  levels: Rule[],
  moments: Rule[],
  frame: Frame,
  sx: (x: number) => number,
  sy: (y: number) => number,
  colors: Record<Rule["tone"], string>,
): Line[] {
  const lines: Line[] = [];
  const taken: number[] = []; // baselines that have a word
  for (const { at, label, tone } of levels) {
    const y = sy(at);
    if (!Number.isFinite(y)) continue;
    const outside = y < frame.top - 1 || y > frame.bottom + 1;
    const arrow = y < frame.top ? " ↑" : " ↓";
    let base = outside ? (y < frame.top ? frame.top + TEXT : frame.bottom - 4) : y - 4;
    if (base < frame.top + TEXT - 1) base = outside ? frame.top + TEXT : y + TEXT + 2;
    while (taken.some((other) => Math.abs(other - base) < TEXT + 2)) base += y < frame.top ? TEXT + 3 : -(TEXT + 3);
    taken.push(base);
    lines.push({
      from: outside ? [0, 0] : [frame.left, y],
      to: outside ? [0, 0] : [frame.right, y],
      tone,
      color: colors[tone],
      text: { at: [frame.right - 4, base], words: outside ? label + arrow : label, align: "end" },
    });
  }
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, label, tone } of moments) {
    const x = sx(at);
    if (!(x >= frame.left && x <= frame.right)) continue;
    const room = x > free && frame.right - x > 30; // words that would lie on one another are left to the history
    if (room) free = x + label.length * 6 + 10;
    const text = room
      ? { at: [x + 4, frame.bottom - 5] as [number, number], words: label, align: "start" as const }
      : null;
    lines.push({ from: [x, frame.top], to: [x, frame.bottom], tone, color: colors[tone], text });
  }
  return lines;
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
  ctx.lineWidth = 3;
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

import type { Palette } from "../shared/theme";
import type { Film } from "./film";
import { actionAt, actionWidth, type Story, type Thought, thoughtTitle } from "./story";
import { returnsOf } from "./time";

interface Place {
  /** The pixel of a step. */
  x(step: number): number;
  height: number;
  palette: Palette;
}

/** One row of the timeline. */
export interface Band {
  title: string;
  height: number;
  draw(context: CanvasRenderingContext2D, place: Place): void;
}

/** The rows that a film has: its rewards always, actions and the policy's values where they are known. */
export function bandsOf(film: Film): Band[] {
  const bands = [rewardBand(film.rewards), lineBand("return", [returnsOf(film.rewards)], () => 1)];
  const story = film.story;
  if (story && story.steps > 0 && story.actions.length > 0) bands.push(actionBand(story));
  for (const thought of story?.thoughts ?? []) bands.push(thoughtBand(story as Story, thought));
  return bands;
}

/** A bar for each step, up or down from zero; where steps are narrower than a pixel, the largest of each pixel. */
function rewardBand(rewards: Float64Array): Band {
  let [low, high] = [0, 0];
  for (const one of rewards) {
    if (one < low) low = one;
    if (one > high && one !== Infinity) high = one;
  }
  return {
    title: "reward",
    height: 30,
    draw(context, { x, height, palette }) {
      const y = (value: number) => (high === low ? height : height - ((value - low) / (high - low)) * height);
      for (let k = 1; k <= rewards.length; k++) {
        const value = rewards[k - 1] as number;
        if (!Number.isFinite(value)) continue;
        context.fillStyle = (value < 0 ? palette.series[7] : palette.series[2]) as string;
        const [left, right] = [x(k - 1), x(k)];
        const [from, to] = [y(0), y(value)];
        const gap = right - left > 3 ? 1 : 0;
        context.fillRect(
          left,
          Math.min(from, to),
          Math.max(1, right - left - gap),
          Math.max(value ? 1 : 0, Math.abs(to - from)),
        );
      }
      context.fillStyle = palette.line;
      context.fillRect(x(0), y(0), x(rewards.length) - x(0), 1);
    },
  };
}

/** Lines over the steps 0 to n; `colour` gives the series colour of each. */
function lineBand(title: string, lines: ArrayLike<number>[], colour: (i: number) => number): Band {
  let [low, high] = [Infinity, -Infinity];
  for (const line of lines)
    for (let k = 0; k < line.length; k++) {
      const value = line[k] as number;
      if (value < low && value !== -Infinity) low = value;
      if (value > high && value !== Infinity) high = value;
    }
  return {
    title,
    height: lines.length > 1 ? 44 : 32,
    draw(context, { x, height, palette }) {
      const y = (value: number) =>
        high > low ? height - 1 - ((value - low) / (high - low)) * (height - 2) : height / 2;
      context.lineWidth = 1.5;
      for (const [i, line] of lines.entries()) {
        context.strokeStyle = palette.series[colour(i) % palette.series.length] as string;
        context.beginPath();
        for (let k = 0; k < line.length; k++) if (Number.isFinite(line[k])) context.lineTo(x(k), y(line[k] as number));
        context.stroke();
      }
    },
  };
}

/** Discrete actions as coloured blocks; a continuous action as one row of shades for each of its numbers. */
function actionBand(story: Story): Band {
  const width = actionWidth(story);
  const rows = story.actionCount > 0 ? 1 : Math.min(width, 12);
  return {
    title: story.actionCount > 0 ? "action" : rows > 1 ? "actions" : (story.actionNamed[0]?.[0] ?? "action"),
    height: 5 + Math.max(14, rows * 7),
    draw(context, { x, height, palette }) {
      let most = 1e-9;
      if (story.actionCount === 0) for (const one of story.actions) most = Math.max(most, Math.abs(Number(one)));
      for (let k = 1; k <= story.steps; k++) {
        const [left, wide] = [x(k - 1), Math.max(1, x(k) - x(k - 1))];
        if (story.actionCount > 0) {
          context.fillStyle = palette.series[actionAt(story, k) % palette.series.length] as string;
          context.fillRect(left, 0, wide, height);
          continue;
        }
        for (let i = 0; i < rows; i++) {
          const value = Number(story.actions[(k - 1) * width + i]) / most;
          context.globalAlpha = Math.min(1, Math.abs(value));
          context.fillStyle = (value < 0 ? palette.series[1] : palette.series[0]) as string;
          context.fillRect(left, (i * height) / rows, wide, height / rows - 1);
        }
        context.globalAlpha = 1;
      }
    },
  };
}

/** Probabilities as stacked areas, everything else as lines. */
function thoughtBand(story: Story, thought: Thought): Band {
  const n = thought.values.length / thought.width;
  const shown = Math.min(thought.width, 18);
  const series = [...Array(shown).keys()].map((i) => {
    const line = new Float64Array(n);
    for (let k = 0; k < n; k++) line[k] = Number(thought.values[k * thought.width + i]);
    return line;
  });
  const title = thought.name === "probs" ? "probability" : thoughtTitle(thought.name);
  const perAction = thought.width === story.actionCount && thought.width > 1;
  if (thought.name !== "probs") return lineBand(title, series, (i) => (perAction ? i : 6));
  return {
    title,
    height: 44,
    draw(context, { x, height, palette }) {
      for (let k = 0; k < n; k++) {
        let top = 0;
        const [left, right] = [x(k), Math.min(x(k + 1), x(n - 1))];
        for (const [i, line] of series.entries()) {
          const tall = (line[k] as number) * height;
          context.fillStyle = palette.series[i % palette.series.length] as string;
          context.fillRect(left, top, Math.max(1, right - left), tall);
          top += tall;
        }
      }
    },
  };
}

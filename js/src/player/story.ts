import type { Column, Frame } from "../shared/codec";
import { short } from "./time";

/** A moment worth seeing on the timeline: [step, kind, words]. Kinds: "life", "knob", "explored", "branch". */
export type Mark = [number, string, string];

/** What the policy makes of each observation: `values` has `width` numbers for each of the n + 1 observations. */
export interface Thought {
  name: string;
  width: number;
  values: Column;
}

/** An episode step by step, as `rlnb/control/telling.py` sends it. Row 0 of what has n + 1 rows is the reset. */
export interface Story {
  steps: number;
  named: [string, string][];
  observed: string;
  observations: Column;
  actionNames: string[];
  actionNamed: [string, string][];
  actionCount: number;
  actionStart: number;
  actions: Column;
  replayed: Column;
  terminated: Column;
  truncated: Column;
  infos: [string, Column][];
  words: [string, Column, string[]][];
  reason: string;
  marks: Mark[];
  saw: string;
  thoughts: Thought[];
  thoughtSource: string;
  branch: number | null;
  /** Who may go on from a step of it: "recorded", "random", "policy"; nobody where it is not exact. */
  futures: string[];
}

/** The story in a film's numbers; null where none was told. */
export function storyOf(frame: Frame): Story | null {
  const meta = (frame.meta.story ?? {}) as Record<string, unknown>;
  const column = (name: string): Column => frame.columns.get(name) ?? new Float64Array(0);
  if (!Array.isArray(meta.named)) return null;
  const thoughts = meta.thoughts as { source: string; parts: [string, number][] } | undefined;
  return {
    steps: column("replayed").length,
    named: meta.named as [string, string][],
    observed: String(meta.observed ?? ""),
    observations: column("observations"),
    actionNames: meta.actionNames as string[],
    actionNamed: meta.actionNamed as [string, string][],
    actionCount: Number(meta.actionCount),
    actionStart: Number(meta.actionStart),
    actions: column("actions"),
    replayed: column("replayed"),
    terminated: column("terminated"),
    truncated: column("truncated"),
    infos: (meta.infos as string[]).map((name, i) => [name, column(`info.${i}`)]),
    words: (meta.words as [string, string[]][]).map(([name, texts], i) => [name, column(`word.${i}`), texts]),
    reason: String(meta.reason ?? ""),
    marks: (meta.marks as Mark[]) ?? [],
    saw: String(meta.saw ?? ""),
    thoughts: (thoughts?.parts ?? []).map(([name, width]) => ({ name, width, values: column(`thought.${name}`) })),
    thoughtSource: thoughts?.source ?? "",
    branch: typeof meta.branch === "number" ? meta.branch : null,
    futures: (meta.futures as string[] | undefined) ?? [],
  };
}

/** How many numbers an action has. */
export const actionWidth = (story: Story): number => (story.steps ? story.actions.length / story.steps : 0);

/** The name of a discrete action, by its place from 0 on. */
export const actionName = (story: Story, index: number): string =>
  story.actionNames[index] ?? `action ${index + story.actionStart}`;

/** The place (from 0 on) of the discrete action of step k, counted from 1. */
export const actionAt = (story: Story, k: number): number => Number(story.actions[k - 1]) - story.actionStart;

/** The action of step k (from 1 on) in words: its name, or its numbers. */
export function actionWords(story: Story, k: number): string {
  if (k < 1 || k > story.steps) return "";
  if (story.actionCount > 0) {
    const place = actionAt(story, k);
    const number = place + story.actionStart;
    return story.actionNames[place] ? `${story.actionNames[place]} (${number})` : String(number);
  }
  const width = actionWidth(story);
  const parts = [];
  for (let i = 0; i < width; i++) parts.push(short(Number(story.actions[(k - 1) * width + i])));
  return parts.join(", ");
}

/** Whether and how the episode ended at step k, in words. */
export function endWords(story: Story, k: number): string {
  const flags = [story.terminated[k - 1] ? "terminated" : "", story.truncated[k - 1] ? "truncated" : ""];
  const said = flags.filter(Boolean).join(" and ");
  if (said) return story.reason ? `${said}: ${story.reason}` : said;
  if (k === story.steps && story.steps > 0) return "cut here: the recording stops, the episode was not over";
  return "goes on";
}

/** A number as the inspector shows it: six digits that matter; angles in degrees too. */
export function valueWords(value: number, unit: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) text = value.toExponential(3);
  text = text.replace("-", "−");
  if (unit === "0/1") return value ? "yes" : "no";
  if (unit === "rad") return `${text} rad (${((value * 180) / Math.PI).toFixed(1).replace("-", "−")}°)`;
  return unit ? `${text} ${unit}` : text;
}

/** The numbers of a thought on observation k. */
export const thoughtAt = (thought: Thought, k: number): Column =>
  thought.values.subarray(k * thought.width, (k + 1) * thought.width) as Column;

/** The words for a part of the policy's output. */
export const thoughtTitle = (name: string): string =>
  ({ q: "Q-values", probs: "action probabilities", value: "value", output: "module output" })[name] ?? name;

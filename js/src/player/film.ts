import type { Story } from "./story";
import { returnsOf, short, stepOf } from "./time";

/** One episode's film, as Python sends it (`FilmData`). */
export interface Film {
  bytes: Uint8Array;
  mime: string;
  fps: number;
  frames: number;
  width: number;
  height: number;
  stride: number;
  verdict: string;
  words: string;
  caption: string;
  rewards: Float64Array;
  /** What the agent saw, where that is another picture. */
  seen: Uint8Array | null;
  story: Story | null;
}

/** What stands under a film at a step: the reward of the step and the return so far. */
export function rewardWords(film: Film, k: number): string {
  if (!film.rewards.length) return "";
  const step = stepOf(k, film.stride, film.frames, film.rewards.length);
  const total = `return ${short(returnsOf(film.rewards)[step] ?? 0)}`;
  return step === 0 ? total : `reward ${short(film.rewards[step - 1] ?? 0)} · ${total}`;
}

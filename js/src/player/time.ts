/** The arithmetic of films: frames and seconds, several films in step, return so far. No DOM here. */

/** The moment to seek to for frame `k` to be seen: the middle of its time, so that rounding never lands beside it. */
export const timeOf = (k: number, fps: number): number => (k + 0.5) / fps;

/** The frame that is seen at `seconds`. */
export const frameAt = (seconds: number, fps: number, frames: number): number =>
  clamp(Math.floor(seconds * fps + 1e-6), 0, frames - 1);

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Films side by side go step by step; the shorter one holds its last frame. */
export const frameInStep = (k: number, frames: number): number => clamp(k, 0, frames - 1);

/** The number of frames of films shown in step. */
export const longest = (frames: readonly number[]): number => frames.reduce((most, one) => Math.max(most, one), 0);

/** The step that frame `k` shows, when a film of a long episode shows every `stride`-th step and the last. */
export const stepOf = (k: number, stride: number, frames: number, steps: number): number =>
  stride === 1 ? k : k === frames - 1 ? steps : k * stride;

/** The frame that shows a step, or the one before it where the film leaves steps out. */
export const frameOf = (step: number, stride: number, frames: number, steps: number): number =>
  step >= steps ? frames - 1 : clamp(Math.floor(step / stride), 0, frames - 1);

/** Return after each step: the running sum, starting with 0 at the reset. */
export function returnsOf(rewards: ArrayLike<number>): Float64Array {
  const returns = new Float64Array(rewards.length + 1);
  for (let i = 0; i < rewards.length; i++) returns[i + 1] = (returns[i] ?? 0) + (rewards[i] ?? 0);
  return returns;
}

/** A number for the eye: at most three decimals, no trailing zeros. */
export const short = (value: number): string => (Number.isFinite(value) ? String(+value.toFixed(3)) : String(value));

/**
 * A logarithmic scale that knows zero and negative numbers: linear within ±`knee`, logarithmic beyond.
 * warp(v) = sign(v) · log₁₀(1 + |v| / knee).
 */
export interface Warp {
  to(value: number): number;
  from(at: number): number;
}

export const linear: Warp = { to: (value) => value, from: (at) => at };

/** The warp for values between `low` and `high` of which `least` is the smallest positive size. */
export function logarithmic(low: number, least: number): Warp {
  if (low > 0) return { to: (value) => (value > 0 ? Math.log10(value) : Number.NaN), from: (at) => 10 ** at };
  const knee = 10 ** Math.floor(Math.log10(least > 0 && Number.isFinite(least) ? least : 1));
  return {
    to: (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / knee),
    from: (at) => Math.sign(at) * knee * (10 ** Math.abs(at) - 1),
  };
}

/** The warp for the first `n` values of columns. */
export function warpOf(columns: readonly (readonly [ArrayLike<number>, number])[]): Warp {
  let [low, least] = [Infinity, Infinity];
  for (const [values, n] of columns)
    for (let i = 0; i < n; i++) {
      const value = values[i] as number;
      if (value < low) low = value;
      if (value !== 0 && Math.abs(value) < least) least = Math.abs(value);
    }
  return logarithmic(low, least);
}

/** Round values between two numbers, spread on a log scale: decades, and 2 and 5 where there are few; 0 where it lies between. */
export function logTicks(from: number, to: number): number[] {
  const positive = (a: number, b: number): number[] => {
    const [low, high] = [Math.floor(Math.log10(a)), Math.ceil(Math.log10(b))];
    const stride = Math.max(1, Math.ceil((high - low) / 6));
    const mantissas = high - low <= 2 ? [1, 2, 5] : [1];
    const ticks: number[] = [];
    for (let k = low; k <= high; k += stride)
      for (const mantissa of mantissas) {
        const tick = Number((mantissa * 10 ** k).toPrecision(1));
        if (tick >= a && tick <= b) ticks.push(tick);
      }
    return ticks.length >= 2 || a === b ? ticks : [a, (a + b) / 2, b].map((v) => Number(v.toPrecision(3)));
  };
  if (from > 0) return positive(from, to);
  const size = Math.max(Math.abs(from), Math.abs(to)) || 1;
  const up = to > 0 ? positive(Math.min(to, size / 1e4), to) : [];
  const down = from < 0 ? positive(Math.min(-from, size / 1e4), -from).map((tick) => -tick) : [];
  return [...down.reverse(), ...(from <= 0 && to >= 0 ? [0] : []), ...up];
}

/** Numbers and times in words that a person reads at a glance. */

const fine = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 }); // making one takes longer than a chart
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `1234567` -> "1,234,567". */
export const count = (value: number): string => (Number.isFinite(value) ? whole.format(value) : "–");

/** A measured value with four significant digits; very large and very small ones in scientific notation. */
export function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace("-", "−").replace("e+", "e");
  const text = Number.isInteger(value) ? whole.format(value) : String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
  return text.replace("-", "−");
}

/** A value as it was measured, to nine digits: what hovering shows. */
export function exact(value: number): string {
  const short = Number(value.toPrecision(9));
  const size = Math.abs(short);
  if (!Number.isFinite(short) || (size !== 0 && (size < 1e-4 || size >= 1e12))) return number(value);
  return fine.format(short).replace("-", "−");
}

/** `75` -> "1:15", `3675` -> "1:01:15", `4.2` -> "4.2 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)} s`;
  const total = Math.floor(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

import { TickFormatter } from "@bokeh/bokehjs/build/js/lib/models/formatters/tick_formatter";
import { number } from "./format";

const units: [number, string][] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** Axis labels that stay short: 500, 20k, 1.5M; one unit for the whole axis. */
export class ShortTicks extends TickFormatter {
  doFormat(ticks: number[]): string[] {
    const largest = Math.max(0, ...ticks.map(Math.abs));
    const [size, unit] = units.find(([least]) => largest >= least * (least === 1e3 ? 10 : 1)) ?? [1, ""];
    return ticks.map((tick) => (tick === 0 ? "0" : number(Number((tick / size).toPrecision(10))) + unit));
  }
}

/** Axis labels in time: 30 s, 1:30, 1:05:00. */
export class TimeTicks extends TickFormatter {
  doFormat(ticks: number[]): string[] {
    const pad = (n: number) => String(n).padStart(2, "0");
    return ticks.map((tick) => {
      if (tick < 60 || ticks.length === 0) return `${number(tick)} s`;
      const total = Math.round(tick);
      const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
      return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
    });
  }
}

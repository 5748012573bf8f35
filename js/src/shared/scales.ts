import { TickFormatter } from "@bokeh/bokehjs/build/js/lib/models/formatters/tick_formatter";
import { ContinuousTicker } from "@bokeh/bokehjs/build/js/lib/models/tickers/continuous_ticker";
import { number } from "./format";
import { linear, logTicks, type Warp } from "./warp";

/** Ticks of a warped axis. */
export class WarpedTicker extends ContinuousTicker {
  warp: Warp = linear;

  override get_ticks_no_defaults(low: number, high: number): { major: number[]; minor: number[] } {
    if (!Number.isFinite(low) || !Number.isFinite(high)) return { major: [], minor: [] };
    const ticks = logTicks(this.warp.from(low), this.warp.from(high));
    const major: number[] = [];
    for (const at of ticks.map((tick) => this.warp.to(tick))) // no two closer than a sixteenth of the axis
      if (major.length === 0 || at - (major[major.length - 1] as number) > (high - low) / 16) major.push(at);
    return { major, minor: [] };
  }

  override get_interval(): number {
    return 1;
  }

  override get_min_interval(): number {
    return 0;
  }

  override get_max_interval(): number {
    return Infinity;
  }
}

/** Labels of a warped axis. */
export class WarpedTicks extends TickFormatter {
  warp: Warp = linear;

  doFormat(ticks: number[]): string[] {
    return ticks.map((tick) => {
      const value = Number(this.warp.from(tick).toPrecision(3));
      return Math.abs(value) >= 1e4 ? value.toExponential(0).replace("e+", "e") : number(value);
    });
  }
}

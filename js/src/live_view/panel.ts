import { h, on, undoAll } from "../shared/dom";
import { extent } from "../shared/downsample";
import { number } from "../shared/format";
import { attachHover, type Hit } from "../shared/hover";
import { Plot } from "../shared/plot";
import type { Theme } from "../shared/theme";
import { type Axis, keyOf, type Series } from "./series";

/** What all panels of a view have in common. */
export interface Settings {
  axis: Axis;
  smoothing: number;
  drag: "pan" | "box";
  theme: Theme;
  groups: string[];
  canReplay: boolean;
  /** The return at which the environment counts as solved. */
  threshold: number | null;
}

export interface PanelEvents {
  replay(episode: number): void;
  moved(): void;
}

const titles: Record<string, string> = { return: "Return", length: "Episode length" };
const axisNames: Record<Axis, string> = { episode: "episode", step: "environment step", time: "time" };

/** One chart: faint points for what happened, a strong line for where it goes. */
export class Panel {
  readonly el: HTMLElement;
  readonly plot: Plot;
  private readonly series = new Map<string, Series>();
  private readonly hidden = new Set<string>();
  private readonly value = h("span", { class: "rlnb-panel-value", title: "smoothed, at the end" });
  private readonly note = h("span", { class: "rlnb-panel-note" });
  private readonly legend = h("div", { class: "rlnb-legend" });
  private readonly host = h("div", { class: "rlnb-plot", tabindex: 0, role: "group" });
  private readonly undo: () => void;
  private legendKey = "";
  private drawn = ""; // what the last paint showed

  constructor(
    readonly name: string,
    private readonly settings: Settings,
    private readonly events: PanelEvents,
  ) {
    const title = titles[name] ?? name;
    this.host.setAttribute(
      "aria-label",
      `${title}: arrow keys move the chart, plus and minus zoom, 0 shows everything`,
    );
    const head = h(
      "div",
      { class: "rlnb-panel-head" },
      h("h4", { class: "rlnb-panel-title" }, title),
      this.note,
      this.value,
    );
    const body = h("div", { class: "rlnb-panel-body" }, this.host);
    this.el = h("section", { class: "rlnb-panel", "aria-label": title }, head, this.legend, body);
    this.plot = new Plot(this.host, { label: title, height: 190, theme: settings.theme });
    this.plot.drag = settings.drag;
    this.plot.onMove = () => {
      this.drawn = "";
      this.events.moved();
    };
    this.undo = undoAll([
      attachHover(this.plot, {
        describe: (hit) => this.describe(hit),
        canPick: (hit) => this.episodeOf(hit) !== null,
        onPick: (hit) => {
          const episode = this.episodeOf(hit);
          if (episode !== null) this.events.replay(episode);
        },
      }),
      on(this.host, "focusin", () => {
        this.plot.wheelZooms = true;
      }),
      on(this.host, "focusout", () => {
        this.plot.wheelZooms = false;
      }),
      on(this.host, "pointerdown", () => this.host.focus({ preventScroll: true })),
      on(this.host, "keydown", (event) => this.key(event)),
    ]);
  }

  add(series: Series): void {
    this.series.set(keyOf(series.entry), series);
  }

  /** Draws what has changed, with the present settings; call it in an animation frame. */
  paint(): void {
    const { plot, settings } = this;
    const versions = [...this.series.values()].map((series) => series.version);
    const { theme: _, ...drawing } = settings;
    const now = JSON.stringify([versions, drawing, [...this.hidden]]);
    if (now === this.drawn) return;
    this.drawn = now;
    plot.drag = settings.drag;
    let axis: Axis = settings.axis;
    for (const [color, [key, series]] of [...this.series].entries()) {
      axis = series.along(settings.axis);
      this.paintSeries(key, series, axis, color);
    }
    this.paintThreshold(axis);
    plot.xLabel(axisNames[axis], axis === "time");
    plot.paint();
    this.showValue();
    this.showLegend();
  }

  setTheme(theme: Theme): void {
    this.plot.setTheme(theme);
    this.legendKey = "";
    this.showLegend();
  }

  destroy(): void {
    this.undo();
    this.plot.destroy();
    this.el.remove();
  }

  private paintSeries(key: string, series: Series, axis: Axis, color: number): void {
    const { plot, settings } = this;
    const label = this.labelOf(series);
    const points = series.entry.kind === "points";
    const n = series.n;
    const x = series.rows[axis].values;
    const y = series.rows.value.values;
    const smooth = settings.smoothing > 1;
    const visible = !this.hidden.has(key);
    if (points) {
      const crowd = n > 1500 ? 0.16 : n > 300 ? 0.26 : 0.42;
      const { done, cut } = split(series, axis);
      plot.add({ key: `${key} points`, label, kind: "points", color, size: n > 600 ? 4 : 5, alpha: crowd });
      plot.data(`${key} points`, done);
      if (cut.n > 0) {
        plot.add({ key: `${key} cut`, label, kind: "hollow", color, size: 6, alpha: 0.8 });
        plot.data(`${key} cut`, cut);
        plot.show(`${key} cut`, visible);
      }
      plot.show(`${key} points`, visible);
    } else {
      plot.add({ key: `${key} raw`, label, kind: "line", color, width: smooth ? 1 : 1.8, alpha: smooth ? 0.28 : 1 });
      plot.data(`${key} raw`, { x, y, n });
      plot.show(`${key} raw`, visible);
    }
    plot.add({ key: `${key} line`, label, kind: "line", color, width: 2.2 });
    plot.data(`${key} line`, series.smooth(settings.axis, settings.smoothing));
    plot.show(`${key} line`, visible && smooth);
  }

  private paintThreshold(axis: Axis): void {
    const { threshold } = this.settings;
    if (this.name !== "return" || threshold === null) return;
    let [low, high] = [Infinity, -Infinity];
    for (const series of this.series.values()) [low, high] = extent(series.rows[axis].values, series.n, [low, high]);
    if (!(low <= high)) return;
    const key = "threshold line";
    this.plot.add({ key, label: "solved", kind: "line", color: "#8a93a6", width: 1.2, dash: [5, 4] });
    this.plot.data(key, { x: [low, high], y: [threshold, threshold], n: 2 });
    this.note.textContent = `dashed: solved at ${number(threshold)}`;
  }

  private labelOf({ entry }: Series): string {
    const group = this.settings.groups[entry.group] ?? (entry.group === 0 ? "training" : `group ${entry.group}`);
    const many = new Set([...this.series.values()].map((one) => one.entry.group)).size > 1;
    const sole = new Set([...this.series.values()].map((one) => one.entry.series)).size === 1;
    if (many) return sole ? group : `${entry.series} · ${group}`;
    return entry.series;
  }

  /** The row of the series that a hit is: points are drawn in two traces, finished and cut. */
  private find(hit: Hit): { series: Series; row: number; part: string } | null {
    const at = hit.trace.key.lastIndexOf(" ");
    const series = this.series.get(hit.trace.key.slice(0, at));
    const part = hit.trace.key.slice(at + 1);
    if (!series) return null;
    if (part === "points" || part === "cut") return { series, row: splitRow(series, part === "cut", hit.row), part };
    return { series, row: hit.row, part };
  }

  private episodeOf(hit: Hit): number | null {
    const found = this.find(hit);
    if (!found || !this.settings.canReplay || (found.part !== "points" && found.part !== "cut")) return null;
    const episode = found.series.rows.episode.values[found.row] as number;
    return Number.isFinite(episode) ? episode : null;
  }

  private describe(hit: Hit): string[] {
    const found = this.find(hit);
    if (!found) return [number(hit.y), hit.trace.label];
    const label = this.series.size > 1 ? `${this.labelOf(found.series)} ` : "";
    if (found.part === "line") return [`${label}${number(hit.y)}`, "smoothed"];
    const { rows } = found.series;
    const at = (name: "episode" | "step" | "time") => rows[name].values[found.row] as number;
    const lines = [`${label}${number(hit.y)}`];
    if (Number.isFinite(at("episode"))) lines.push(`episode ${number(at("episode"))}`);
    lines.push(`step ${number(at("step"))} · ${at("time").toFixed(1)} s`);
    if (found.part === "cut") lines.push("unfinished");
    if (this.episodeOf(hit) !== null) lines.push("click to replay");
    return lines;
  }

  private showValue(): void {
    let text = "";
    const first = [...this.series.values()][0];
    if (first && this.series.size === 1 && first.n > 0) {
      const { y, n } = first.smooth(this.settings.axis, Math.max(1, this.settings.smoothing));
      if (n > 0) text = number(Number((y[n - 1] as number).toPrecision(4)));
    }
    if (this.value.textContent !== text) this.value.textContent = text;
  }

  private showLegend(): void {
    if (this.series.size < 2) return;
    const entries = [...this.series].map(([key, series]) => {
      const trace = this.plot.traces.get(`${key} line`)?.trace;
      return { key, label: this.labelOf(series), color: trace ? this.plot.color(trace) : "" };
    });
    const legendKey = JSON.stringify([entries, [...this.hidden]]);
    if (legendKey === this.legendKey) return;
    this.legendKey = legendKey;
    const chips = entries.map(({ key, label, color }) => {
      const swatch = h("span", { class: "rlnb-swatch" });
      swatch.style.background = color;
      const chip = h(
        "button",
        { class: "rlnb-chip", type: "button", "aria-pressed": String(!this.hidden.has(key)) },
        swatch,
        label,
      );
      chip.addEventListener("click", () => {
        if (!this.hidden.delete(key)) this.hidden.add(key);
        this.paint();
        (this.legend.children[entries.findIndex((entry) => entry.key === key)] as HTMLElement | undefined)?.focus();
      });
      return chip;
    });
    this.legend.replaceChildren(...chips);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.plot.nudge(1, -0.15),
      ArrowRight: () => this.plot.nudge(1, 0.15),
      "+": () => this.plot.nudge(0.7),
      "=": () => this.plot.nudge(0.7),
      "-": () => this.plot.nudge(1 / 0.7),
      "0": () => this.plot.reset(),
      Escape: () => this.host.blur(),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }
}

/** The rows of a series in two: finished episodes, and cut ones. */
function split(series: Series, axis: Axis): Record<"done" | "cut", { x: Float64Array; y: Float64Array; n: number }> {
  const { cut, value } = series.rows;
  const x = series.rows[axis];
  if (!cut.values.subarray(0, cut.n).includes(1)) {
    const none = new Float64Array(0);
    return { done: { x: x.values, y: value.values, n: series.n }, cut: { x: none, y: none, n: 0 } };
  }
  const take = (wanted: number) => {
    const keep = (_: number, i: number) => cut.values[i] === wanted;
    const xs = x.values.subarray(0, series.n).filter(keep);
    return { x: xs, y: value.values.subarray(0, series.n).filter(keep), n: xs.length };
  };
  return { done: take(0), cut: take(1) };
}

/** The series' row behind row `k` of one half of `split`. */
function splitRow(series: Series, wantCut: boolean, k: number): number {
  const { cut } = series.rows;
  for (let i = 0, left = k; i < cut.n; i++) if ((cut.values[i] === 1) === wantCut && left-- === 0) return i;
  return -1;
}

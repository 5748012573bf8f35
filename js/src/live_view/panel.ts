import { h, on, undoAll } from "../shared/dom";
import { count, exact, number } from "../shared/format";
import { attachHover, type Hit } from "../shared/hover";
import type { Titled } from "../shared/paper";
import { Plot } from "../shared/plot";
import type { Theme } from "../shared/theme";
import type { Curve, Wanted } from "./curve";
import { keysOf } from "./keys";
import { Legend, type LegendEntry } from "./legend";
import { type Axis, keyOf, type Series } from "./series";
import type { Settings } from "./settings";

export interface PanelEvents {
  replay(episode: number): void;
  /** A hand moved the window of this panel; null: it shows everything again. */
  moved(panel: Panel): void;
}

const titles: Record<string, string> = { return: "Return", length: "Episode length" };
const axisNames: Record<Axis, string> = { episode: "episode", step: "environment step", time: "time" };
export const HEIGHT = 190;

/** One chart: faint points for what happened, a strong line for where it goes, the best so far. */
export class Panel {
  readonly el: HTMLElement;
  readonly plot: Plot;
  readonly series = new Map<string, Series>();
  /** Whether it is on screen; set by the view. */
  inSight = true;
  private readonly hidden = new Set<string>();
  private readonly value = h("span", { class: "rlnb-panel-value", title: "smoothed, at the end" });
  private readonly legend: Legend;
  private readonly host = h("div", { class: "rlnb-plot", tabindex: 0, role: "group" });
  private readonly undo: () => void;
  private drawn = ""; // what the last paint showed

  constructor(
    readonly name: string,
    private readonly settings: Settings,
    private readonly events: PanelEvents,
  ) {
    const title = this.title;
    this.host.setAttribute(
      "aria-label",
      `${title}: arrow keys move the chart, plus and minus zoom, 0 shows everything, Shift and arrow keys read values`,
    );
    const heading = h("h4", { class: "rlnb-panel-title", title }, title);
    const head = h("div", { class: "rlnb-panel-head" }, heading, this.value);
    this.legend = new Legend((key) => this.toggle(key));
    const body = h("div", { class: "rlnb-panel-body" }, this.host);
    this.el = h("section", { class: "rlnb-panel", "aria-label": title }, head, this.legend.el, body);
    this.plot = new Plot(this.host, { label: title, height: HEIGHT, theme: settings.theme });
    this.plot.onMove = () => {
      this.drawn = "";
      this.events.moved(this);
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
      on(this.host, "dblclick", () => this.plot.reset()),
      on(this.host, "keydown", keysOf(this.plot, this.host)),
    ]);
  }

  get title(): string {
    return titles[this.name] ?? this.name;
  }

  add(series: Series): void {
    this.series.set(keyOf(series.entry), series);
  }

  /** Whether something has changed since the last paint. */
  get stale(): boolean {
    return this.stamp() !== this.drawn;
  }

  /** Draws what has changed, with the present settings; call it in an animation frame. */
  paint(): void {
    this.drawn = this.stamp();
    const { plot, settings } = this;
    const { axis } = settings;
    plot.log = settings.log;
    for (const [color, [key, series]] of [...this.series].entries()) this.paintSeries(key, series, color);
    const best = this.name === "return";
    plot.levels = [];
    if (best && settings.threshold !== null)
      plot.levels.push({
        key: "solved",
        at: settings.threshold,
        label: this.words("solved at", settings.threshold),
        tone: "strong",
      });
    if (best && settings.random !== null)
      plot.levels.push({
        key: "random",
        at: settings.random,
        label: this.words("random policy", settings.random),
        tone: "quiet",
      });
    plot.moments = settings.marks.map((mark, k) => ({
      key: String(k),
      at: mark[axis],
      label: mark.label,
      tone: "quiet",
    }));
    plot.xLabel(axisNames[axis], axis === "time");
    plot.paint();
    this.showValue();
    this.say();
    this.legend.show(this.series.size > 1 ? this.entries() : []);
  }

  setTheme(theme: Theme): void {
    this.plot.setTheme(theme);
    this.legend.show(this.series.size > 1 ? this.entries() : []);
  }

  set height(pixels: number) {
    this.plot.height = Math.floor(pixels);
  }

  /** Shows a span of the x axis, or everything. */
  look(window: [number, number] | null): void {
    this.plot.look(window);
    this.drawn = "";
  }

  /** The chart for a picture of the view; null before it is drawn. */
  picture(): Titled | null {
    const paper = this.plot.paper();
    const legend = this.series.size > 1 ? this.entries().filter(({ shown }) => shown) : [];
    return paper && { title: this.title, note: "", legend, paper };
  }

  destroy(): void {
    this.undo();
    this.plot.destroy();
    this.el.remove();
  }

  private stamp(): string {
    const versions = [...this.series.values()].map((series) => [series.version, series.detail?.series.total]);
    const { theme: _, ...drawing } = this.settings;
    return JSON.stringify([versions, drawing, [...this.hidden]]);
  }

  private words(what: string, value: number): string {
    return `${what} ${number(Number(value.toPrecision(4)))}`;
  }

  private toggle(key: string): void {
    if (!this.hidden.delete(key)) this.hidden.add(key);
    this.paint();
  }

  private shows(key: string, series: Series): boolean {
    const { group } = this.settings;
    return !this.hidden.has(key) && (group === null || series.entry.kind === "line" || series.entry.group === group);
  }

  /** What is drawn of a series: what the kernel sent for this window, where rows are missing here. */
  private curve(series: Series): Curve {
    const { axis, smoothing, lane } = this.settings;
    const wanted: Wanted = { axis, smoothing, lane };
    return series.drawn(wanted);
  }

  private detail(series: Series): Series | null {
    const { detail } = series;
    const [from, to] = this.plot.window;
    if (!detail || this.plot.follows || detail.axis !== this.settings.axis || from < detail.from || to > detail.to)
      return null;
    return detail.series;
  }

  private paintSeries(key: string, series: Series, color: number): void {
    const { plot, settings } = this;
    const label = this.labelOf(series);
    const curve = this.curve(series);
    const rows = this.curve(this.detail(series) ?? series);
    const visible = this.shows(key, series);
    const smooth = settings.smoothing > 1;
    if (series.entry.kind === "points") {
      const { n } = rows.done.data;
      const crowd = n > 1500 ? 0.16 : n > 300 ? 0.26 : 0.42;
      plot.add({ key: `${key} points`, label, kind: "points", color, size: n > 600 ? 4 : 5, alpha: crowd });
      plot.add({ key: `${key} cut`, label, kind: "hollow", color, size: 6, alpha: 0.8 });
      plot.data(`${key} points`, rows.done.data);
      plot.data(`${key} cut`, rows.cut.data);
      plot.show(`${key} points`, visible);
      plot.show(`${key} cut`, visible);
      plot.add({ key: `${key} best`, label, kind: "line", color, width: 1.2, alpha: 0.55, dash: [1, 3] });
      plot.data(`${key} best`, curve.best.data);
      plot.show(`${key} best`, visible && this.name === "return");
    } else {
      plot.add({ key: `${key} raw`, label, kind: "line", color, width: smooth ? 1 : 1.8, alpha: smooth ? 0.28 : 1 });
      plot.data(`${key} raw`, rows.done.data);
      plot.show(`${key} raw`, visible);
    }
    plot.add({ key: `${key} line`, label, kind: "line", color, width: 2.2 });
    plot.data(`${key} line`, curve.line.data);
    plot.show(`${key} line`, visible && smooth);
  }

  private labelOf({ entry }: Series): string {
    const group = this.settings.groups[entry.group] ?? (entry.group === 0 ? "training" : `group ${entry.group}`);
    const many = new Set([...this.series.values()].map((one) => one.entry.group)).size > 1;
    const sole = new Set([...this.series.values()].map((one) => one.entry.series)).size === 1;
    if (many) return sole ? group : `${entry.series} · ${group}`;
    return entry.series;
  }

  /** The row of the series that a hit is: every part of a curve knows the rows that it was made of. */
  private find(hit: Hit): { series: Series; row: number; part: string } | null {
    const at = hit.trace.key.lastIndexOf(" ");
    const own = this.series.get(hit.trace.key.slice(0, at));
    const part = hit.trace.key.slice(at + 1);
    if (!own) return null;
    if (part === "line" || part === "best") return { series: own, row: hit.row, part };
    const series = this.detail(own) ?? own;
    const curve = this.curve(series);
    const dots = part === "cut" ? curve.cut : curve.done;
    return { series, row: dots.row.values[hit.row] as number, part };
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
    if (found.part === "best") return [`${label}${number(hit.y)}`, "best so far"];
    const { rows } = found.series;
    const at = (name: "episode" | "step" | "time" | "lane") => rows[name].values[found.row] as number;
    const lines = [`${label}${exact(hit.y)}`];
    if (found.series.entry.kind === "points") lines.push(`episode ${exact(at("episode"))}`);
    else if (this.settings.episodes) lines.push(`episode ${at("episode").toFixed(1)}`);
    lines.push(`step ${exact(at("step"))} · ${at("time").toFixed(1)} s`);
    if (at("lane") > 0) lines.push(`lane ${at("lane")}`);
    if (found.part === "cut") lines.push("unfinished");
    if (this.episodeOf(hit) !== null) lines.push("click to replay");
    return lines;
  }

  private showValue(): void {
    let text = "";
    for (const series of this.series.values()) {
      const { last } = this.curve(series);
      if (this.series.size === 1 && Number.isFinite(last)) text = number(Number(last.toPrecision(4)));
    }
    if (this.value.textContent !== text) this.value.textContent = text;
  }

  /** What is in sight, for those who cannot see it. */
  private say(): void {
    const words = ([low, high]: [number, number]) => {
      const fine = 10 ** Math.floor(Math.log10(high - low) - 2); // three digits of what is between them
      return [low, high].map((end) => exact(Math.round(end / fine) * fine)).join(" to ");
    };
    const drawn = this.plot.shown().filter(({ trace }) => /(points|cut|raw)$/.test(trace.key));
    const values = drawn.reduce((sum, { row }) => sum + row.length, 0);
    const text = `${axisNames[this.settings.axis]} ${words(this.plot.window)}; ${words(this.plot.span)}; ${count(values)} values drawn`;
    if (this.host.getAttribute("aria-description") !== text) this.host.setAttribute("aria-description", text);
  }

  private entries(): LegendEntry[] {
    return [...this.series].map(([key, series]) => {
      const trace = this.plot.traces.get(`${key} line`)?.trace;
      const color = trace ? this.plot.color(trace) : "";
      return { key, label: this.labelOf(series), color, shown: this.shows(key, series) };
    });
  }
}

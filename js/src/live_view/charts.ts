import type { Frame } from "../shared/codec";
import { h } from "../shared/dom";
import type { Titled } from "../shared/paper";
import type { Drag } from "../shared/parts";
import type { Theme } from "../shared/theme";
import { HEIGHT, Panel } from "./panel";
import { type Axis, type Entry, keyOf, Series } from "./series";
import type { Settings } from "./settings";

export interface ChartsEvents {
  replay(episode: number): void;
  /** The window moved: by hand (a span of an axis), or back to everything (null). */
  looked(window: Window | null): void;
  /** Something is to be drawn. */
  changed(): void;
}

/** A span of an axis that somebody looks at. */
export interface Window {
  axis: Axis;
  from: number;
  to: number;
}

const [ABOVE, AROUND] = [240, 70]; // pixels of a full screen: over all charts, and around each
const BUDGET = 6; // ms of drawing a frame; the charts that are left are drawn in the next one
const order = ["return", "length", "mean reward", "mean q", "summed reward", "duration"];
const rank = (name: string): number => {
  const at = order.indexOf(name.toLowerCase().replace(/[_\-/]/g, " "));
  return at < 0 ? order.length : at;
};

/** All charts of a view, two a row: return and length first, then the four of the lesson as a square, then the others. */
export class Charts {
  readonly el = h("div", { class: "rlnb-grid" });
  private readonly series = new Map<string, Series>();
  private readonly panels = new Map<string, Panel>();
  private readonly sight: IntersectionObserver;
  private window: Window | null = null;
  private dragging: Drag = "box";

  constructor(
    private readonly settings: Settings,
    private readonly events: ChartsEvents,
  ) {
    this.sight = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries)
          for (const panel of this.panels.values()) if (panel.el === target) panel.inSight = isIntersecting;
        this.events.changed();
      },
      { rootMargin: "100px" },
    );
  }

  get empty(): boolean {
    return this.series.size === 0;
  }

  /** Whether episodes have ended, finished or cut. */
  get episodic(): boolean {
    return [...this.series.values()].some(({ entry, n }) => entry.kind === "points" && n > 0);
  }

  /** Whether steps were counted: a loop that only logs has none, unless it tells them. */
  get stepped(): boolean {
    return [...this.series.values()].some(({ rows, n }) => (rows.step.values[n - 1] ?? 0) > 0);
  }

  get zoomed(): boolean {
    return [...this.panels.values()].some((panel) => !panel.plot.follows);
  }

  /** The lanes that occur, in order; none where every group has but one. */
  get lanes(): number[] {
    const points = [...this.series.values()].filter(({ entry }) => entry.kind === "points");
    if (!points.some(({ lanes }) => lanes.size > 1)) return [];
    return [...new Set(points.flatMap(({ lanes }) => [...lanes]))].sort((a, b) => a - b);
  }

  /** The groups that occur, in order; none where there is but one. */
  get groups(): number[] {
    const groups = new Set([...this.series.values()].map(({ entry }) => entry.group));
    return groups.size > 1 ? [...groups].sort((a, b) => a - b) : [];
  }

  /** Starts over from everything (thinned). */
  load(frame: Frame): void {
    for (const [i, entry] of entriesOf(frame).entries())
      this.find(entry).replace((name) => frame.columns.get(`${i}.${name}`), entry.total ?? 0);
  }

  /** Goes on with what is new. */
  extend(frame: Frame): void {
    for (const [i, entry] of entriesOf(frame).entries())
      this.find(entry).append((name) => frame.columns.get(`${i}.${name}`));
  }

  /** Takes in all rows of a window, which the kernel was asked for. */
  detail(frame: Frame): void {
    const { axis, from, to } = frame.meta.window as Window;
    for (const [i, entry] of entriesOf(frame).entries()) {
      const own = this.series.get(keyOf(entry));
      if (!own) continue;
      const series = new Series(entry);
      series.replace((name) => frame.columns.get(`${i}.${name}`), entry.total ?? 0);
      own.detail = { axis, from: from ?? -Infinity, to: to ?? Infinity, series };
      own.version += 1;
    }
    this.events.changed();
  }

  /** The window that is looked at, if rows are missing in it here. */
  get wanting(): Window | null {
    if (!this.window || [...this.series.values()].every(({ complete }) => complete)) return null;
    const { axis, from, to } = this.window;
    const room = (to - from) / 4; // a small move finds its rows there already
    return { axis, from: from - room, to: to + room };
  }

  /** Draws what has changed and is on screen; true when there was not time enough for all of it. */
  paint(): boolean {
    const begun = performance.now();
    let drawn = false;
    for (const panel of this.panels.values()) {
      if (!panel.inSight || !panel.stale) continue;
      if (drawn && performance.now() - begun > BUDGET) return true;
      panel.paint();
      drawn = true;
      this.panels.delete(panel.name); // whose turn it was goes to the end
      this.panels.set(panel.name, panel);
    }
    return false;
  }

  reset(): void {
    this.look(null);
    for (const panel of this.panels.values()) panel.look(null);
    this.events.changed();
  }

  /** What dragging does from now on: not from the next drawing on, or a quick hand drags with the old tool. */
  drag(tool: Drag): void {
    this.dragging = tool;
    for (const panel of this.panels.values()) panel.plot.drag = tool;
  }

  /** Charts as high as the screen lets them be, or of their own height again. */
  fill(screen: boolean): void {
    const rows = Math.ceil(this.panels.size / 2);
    const room = innerHeight - ABOVE - rows * AROUND;
    for (const panel of this.panels.values()) panel.height = screen ? Math.max(HEIGHT, room / rows) : HEIGHT;
  }

  setTheme(theme: Theme): void {
    for (const panel of this.panels.values()) panel.setTheme(theme);
  }

  /** The charts as they are drawn now, in their order on the page. */
  pictures(): Titled[] {
    const at = (panel: Panel) => [...this.el.children].indexOf(panel.el);
    return [...this.panels.values()]
      .sort((a, b) => at(a) - at(b))
      .map((panel) => panel.picture())
      .filter((picture) => picture !== null);
  }

  destroy(): void {
    this.sight.disconnect();
    for (const panel of this.panels.values()) panel.destroy();
  }

  private look(window: Window | null): void {
    this.window = window;
    this.events.looked(window);
  }

  /** A hand moved one chart: the others show the same span. */
  private moved(by: Panel): void {
    if (by.plot.follows) return this.reset();
    const [from, to] = by.plot.window;
    for (const panel of this.panels.values()) if (panel !== by) panel.look([from, to]);
    this.look({ axis: this.settings.axis, from, to });
    this.events.changed();
  }

  private find(entry: Entry): Series {
    const key = keyOf(entry);
    let series = this.series.get(key);
    if (!series) {
      series = new Series(entry);
      this.series.set(key, series);
      this.panel(entry.panel).add(series);
    }
    return series;
  }

  private panel(name: string): Panel {
    let panel = this.panels.get(name);
    if (!panel) {
      panel = new Panel(name, this.settings, {
        replay: (episode) => this.events.replay(episode),
        moved: (by) => this.moved(by),
      });
      panel.plot.drag = this.dragging;
      const elements = [...this.el.children];
      const named = (el: Element) => [...this.panels.values()].find((other) => other.el === el)?.name ?? "";
      this.el.insertBefore(panel.el, elements.find((el) => rank(named(el)) > rank(name)) ?? null);
      this.panels.set(name, panel);
      this.sight.observe(panel.el);
    }
    return panel;
  }
}

const entriesOf = (frame: Frame): Entry[] => frame.meta.series as Entry[];

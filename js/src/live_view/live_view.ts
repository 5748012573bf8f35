import { FilmArea } from "../player/film_area";
import playerCss from "../player/player.css";
import baseCss from "../shared/base.css";
import { decode, type Frame, toBytes } from "../shared/codec";
import { h, undoAll, useStyles } from "../shared/dom";
import { followTheme } from "../shared/theme";
import { type Bytes, onTrait, type RenderArguments, type Widget } from "../shared/types";
import { type Connected, Connection } from "./connection";
import { type Header, HeaderBar } from "./header";
import css from "./live_view.css";
import { Panel, type Settings } from "./panel";
import { type Entry, keyOf, Series } from "./series";
import { Toolbar } from "./toolbar";

const order = ["return", "length"];

/** The whole view: header, toolbar, charts, film. */
class LiveView {
  readonly root = h("article", { class: "rlnb-root rlnb-live", "aria-label": "rlnb live view" });
  private readonly settings: Settings = {
    axis: "episode",
    smoothing: 20,
    drag: "box",
    theme: "light",
    groups: [],
    canReplay: false,
    threshold: null,
  };
  private readonly series = new Map<string, Series>();
  private readonly panels = new Map<string, Panel>();
  private readonly bar = new HeaderBar((name) => this.connection.command(name));
  private readonly toolbar: Toolbar;
  private readonly grid = h("div", { class: "rlnb-grid" });
  private readonly empty = h("p", { class: "rlnb-empty" }, "Waiting for the first episode …");
  private readonly notice = h("p", { class: "rlnb-notice", role: "alert", hidden: true });
  private readonly film: FilmArea;
  private readonly connection: Connection;
  private header: Header = {};
  private connected: Connected = "waiting";
  private replays = true;
  private inSight = true;
  private frame = 0;
  private dirty = false;
  private readonly undo: () => void;

  constructor({ model, el }: RenderArguments) {
    const replay = (episode: string | number) => this.replay(episode);
    this.film = new FilmArea((name, payload) => this.connection.command(name, payload));
    this.toolbar = new Toolbar(
      {
        axis: (axis) => this.set({ axis }, true),
        smoothing: (smoothing) => this.set({ smoothing }),
        drag: (drag) => this.set({ drag }),
        reset: () => this.reset(),
        replay,
      },
      this.settings.axis,
      this.settings.smoothing,
    );
    this.root.append(this.bar.el, this.notice, this.toolbar.el, this.empty, this.grid, this.film.el);
    el.append(this.root);
    const sight = new IntersectionObserver((entries) => {
      this.inSight = entries.some((entry) => entry.isIntersecting);
      if (this.inSight && this.dirty) this.schedule();
    });
    sight.observe(this.root);
    const visible = () => this.dirty && this.schedule();
    document.addEventListener("visibilitychange", visible);
    const trait = () => {
      const bytes = model.get("snapshot") as Bytes | null;
      if (this.connected !== "on" && bytes && toBytes(bytes).byteLength > 0) this.load(decode(bytes));
    };
    this.undo = undoAll([
      useStyles(el, baseCss),
      useStyles(el, css),
      useStyles(el, playerCss),
      followTheme(this.root, (theme) => {
        this.settings.theme = theme;
        this.film.setTheme(theme);
        for (const panel of this.panels.values()) panel.setTheme(theme);
      }),
      onTrait(model, "snapshot", trait),
      () => sight.disconnect(),
      () => document.removeEventListener("visibilitychange", visible),
    ]);
    trait();
    this.connection = new Connection(model, {
      snapshot: (frame) => this.load(frame),
      tick: (frame) => this.extend(frame),
      film: (content, buffers) => this.film.receive(content, buffers),
      error: (text) => this.say(text),
      connected: (state) => {
        this.connected = state;
        this.schedule();
      },
    });
    this.schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.frame = -1;
    this.connection.close();
    this.undo();
    this.film.destroy();
    for (const panel of this.panels.values()) panel.destroy();
    this.root.remove();
  }

  private replay(episode: string | number): void {
    this.film.wait(typeof episode === "number" ? `episode ${episode}` : `the ${episode} episode`);
    this.connection.command("replay", { episode });
  }

  private say(text: string): void {
    this.notice.textContent = text;
    this.notice.hidden = false;
  }

  private set(change: Partial<Settings>, reset = false): void {
    Object.assign(this.settings, change);
    if (reset) this.reset();
    this.schedule();
  }

  private reset(): void {
    for (const panel of this.panels.values()) panel.plot.reset();
    this.schedule();
  }

  /** Starts over from everything (thinned). */
  private load(frame: Frame): void {
    const known = new Set<string>();
    for (const [i, entry] of entriesOf(frame).entries()) {
      known.add(keyOf(entry));
      this.find(entry).replace((name) => frame.columns.get(`${i}.${name}`), entry.total ?? 0);
    }
    this.take(frame.meta.header as Header);
  }

  /** Goes on with what is new. */
  private extend(frame: Frame): void {
    for (const [i, entry] of entriesOf(frame).entries())
      this.find(entry).append((name) => frame.columns.get(`${i}.${name}`));
    this.take(frame.meta.header as Header);
  }

  private take(header: Header): void {
    this.header = header;
    this.settings.groups = header.groups ?? [];
    this.settings.threshold = header.reward_threshold ?? null;
    this.replays = header.replay !== false;
    if (this.connection) this.connection.expectsTicks = header.state === "running";
    this.schedule();
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
        replay: (episode) => this.replay(episode),
        moved: () => this.schedule(),
      });
      this.panels.set(name, panel);
      const rank = (one: string) => (order.includes(one) ? order.indexOf(one) : order.length);
      const after = [...this.panels.values()].find((other) => rank(other.name) > rank(name));
      this.grid.insertBefore(panel.el, after?.el ?? null);
    }
    return panel;
  }

  private schedule(): void {
    this.dirty = true;
    if (this.frame !== 0 || !this.inSight || document.hidden) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.dirty = false;
      this.draw();
    });
  }

  private draw(): void {
    const lost = this.connected === "off";
    this.bar.show(this.header, this.connected);
    const hasData = this.series.size > 0;
    this.empty.hidden = hasData;
    this.root.dataset.connected = this.connected;
    if (lost) this.say("The kernel does not answer: it is busy or gone. This is the last picture.");
    else if (this.notice.textContent?.startsWith("The kernel does not")) this.notice.hidden = true;
    this.empty.textContent = lost ? "Nothing was recorded here." : "Waiting for the first episode …";
    this.grid.hidden = !hasData;
    const zoomed = [...this.panels.values()].some((panel) => !panel.plot.follows);
    this.toolbar.el.hidden = !hasData;
    this.settings.canReplay = this.replays && !lost;
    this.toolbar.show(zoomed, this.settings.canReplay);
    for (const panel of this.panels.values()) panel.paint();
  }
}

const entriesOf = (frame: Frame): Entry[] => frame.meta.series as Entry[];

export const liveView: Widget = {
  render: (args) => {
    const view = new LiveView(args);
    return () => view.destroy();
  },
};

import { FilmArea } from "../player/film_area";
import playerCss from "../player/player.css";
import baseCss from "../shared/base.css";
import { decode, type Frame, toBytes } from "../shared/codec";
import { h, on, undoAll, useStyles } from "../shared/dom";
import { download } from "../shared/download";
import { count } from "../shared/format";
import { Later } from "../shared/later";
import { ownKeys } from "../shared/own_keys";
import { pngOf, svgOf } from "../shared/paper";
import { followTheme } from "../shared/theme";
import { type Bytes, onTrait, type RenderArguments, type Widget } from "../shared/types";
import { alive } from "./asked";
import { Charts } from "./charts";
import { type Connected, Connection } from "./connection";
import controlsCss from "./controls.css";
import { Fold } from "./fold";
import { type Header, HeaderBar, isDeaf } from "./header";
import headerCss from "./header.css";
import { Notices } from "./notices";
import panelsCss from "./panels.css";
import { initial, type Settings } from "./settings";
import { Toolbar } from "./toolbar";
import { Watch } from "./watch";
import watchCss from "./watch.css";

/** The whole view: header, toolbar, charts, film. */
class LiveView {
  readonly root = h("article", { class: "rlnb-root rlnb-live", "aria-label": "rlnb live view" });
  private readonly settings = initial();
  private readonly charts: Charts;
  private readonly watch = new Watch((name, payload) => this.connection.command(name, payload));
  private readonly bar = new HeaderBar(
    (name, payload) => this.connection.command(name, payload),
    () => this.schedule(),
    this.watch.button,
  );
  private readonly toolbar: Toolbar;
  private readonly fold = new Fold(this.root, () => this.schedule());
  private readonly notices = new Notices(() => this.connection.again());
  private readonly film: FilmArea;
  private readonly connection: Connection;
  private header: Header = {};
  private connected: Connected = "waiting";
  private replays = true;
  private inSight = true;
  private readonly asking = new Later(200, () => {
    const window = this.charts.wanting;
    if (window && this.connected === "on") this.connection.detail(window);
  });
  private frame = 0;
  private dirty = false;
  private readonly undo: () => void;

  constructor({ model, el }: RenderArguments) {
    const replay = (episode: string | number) => this.replay(episode);
    this.film = new FilmArea((name, payload) => this.connection.command(name, payload));
    this.charts = new Charts(this.settings, {
      replay,
      looked: () => this.asking.soon(),
      changed: () => this.schedule(),
    });
    this.toolbar = new Toolbar(
      {
        set: (change) => this.set(change),
        drag: (tool) => this.charts.drag(tool),
        reset: () => this.charts.reset(),
        save: (kind) => this.save(kind),
        full: () => this.full(),
        replay,
      },
      this.settings,
    );
    this.bar.row.append(this.toolbar.player);
    this.bar.line.append(this.fold.button);
    const { elements, empty } = this.notices;
    this.root.append(this.bar.el, this.watch.el, ...elements, this.toolbar.el, empty, this.charts.el, this.film.el);
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
      if (!bytes || toBytes(bytes).byteLength === 0) return;
      const frame = decode(bytes);
      // Whoever is told everything by messages needs no picture; a kernel that cannot hear sends nothing else.
      if (this.connected !== "on" || (frame.meta.header as Header).hears === false) this.load(frame);
    };
    this.undo = undoAll([
      ...[baseCss, headerCss, controlsCss, panelsCss, watchCss, playerCss].map((css) => useStyles(el, css)),
      followTheme(this.root, (theme) => {
        this.settings.theme = theme;
        this.film.setTheme(theme);
        this.charts.setTheme(theme);
      }),
      onTrait(model, "snapshot", trait),
      ownKeys(this.root),
      () => sight.disconnect(),
      this.fold.undo,
      () => document.removeEventListener("visibilitychange", visible),
      on(document, "fullscreenchange", () => {
        this.charts.fill(document.fullscreenElement === this.root);
        this.schedule();
      }),
    ]);
    trait();
    this.connection = new Connection(model, {
      snapshot: (frame) => this.load(frame),
      tick: (frame) => this.extend(frame),
      detail: (frame) => this.charts.detail(frame),
      film: (content, buffers) => this.watch.receive(content, buffers) || this.film.receive(content, buffers),
      error: (text) => this.say(text),
      connected: (state) => {
        this.connected = state;
        this.schedule();
      },
    });
    this.expect();
    this.schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.frame = -1;
    this.watch.destroy();
    this.connection.close();
    this.undo();
    this.film.destroy();
    this.asking.stop();
    this.bar.stop();
    this.charts.destroy();
    this.root.remove();
  }

  private replay(episode: string | number): void {
    this.film.wait(typeof episode === "number" ? `episode ${episode}` : `the ${episode} episode`);
    this.connection.command("replay", { episode });
  }

  private say(text: string): void {
    this.notices.say(text);
  }

  private set(change: Partial<Settings>): void {
    Object.assign(this.settings, change);
    this.turn();
    this.schedule();
  }

  /** Draws along the axis that was chosen, if there is something along it. */
  private turn(): void {
    const { wanted, episodes, axis } = this.settings;
    const there = wanted === "episode" && !episodes ? "step" : wanted;
    this.settings.axis = there === "step" && !this.charts.stepped ? "time" : there;
    if (this.settings.axis !== axis) this.charts.reset();
  }

  /** Saves the charts, as they are on screen, as a picture. */
  private save(kind: "png" | "svg"): void {
    const title = this.header.name ?? "session";
    const words = [this.header.env_id, words_(this.header), this.header.trend].filter(Boolean).join(" · ");
    const svg = svgOf(this.charts.pictures(), { title, words }, this.settings.theme);
    const file = `${title.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "rlnb"}.${kind}`;
    if (kind === "svg") return download(file, new Blob([svg], { type: "image/svg+xml" }));
    pngOf(svg).then(
      (png) => download(file, png),
      (error) => this.say(String(error.message ?? error)),
    );
  }

  private full(): void {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This page does not let the charts fill the screen."));
  }

  /** Starts over from everything (thinned). */
  private load(frame: Frame): void {
    this.charts.load(frame);
    this.take(frame.meta.header as Header);
  }

  /** Goes on with what is new; of the header that is what has changed. */
  private extend(frame: Frame): void {
    this.charts.extend(frame);
    this.take({ ...this.header, ...(frame.meta.header as Header) });
  }

  private take(header: Header): void {
    this.header = header;
    this.settings.groups = header.groups ?? [];
    this.settings.threshold = header.reward_threshold ?? null;
    this.settings.random = header.random_return ?? null;
    this.settings.marks = header.marks ?? [];
    this.settings.episodes = this.charts.episodic;
    this.replays = header.replay !== false;
    this.turn();
    this.expect();
    this.schedule();
  }

  /** Tells the connection what silence means now. */
  private expect(): void {
    if (!this.connection) return;
    this.connection.hears = !isDeaf(this.header);
    this.connection.expectsTicks = this.header.state === "running" && this.connection.hears;
  }

  private schedule(): void {
    this.dirty = true;
    if (this.frame !== 0 || !this.inSight || document.hidden) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.dirty = false;
      try {
        if (this.draw()) this.schedule();
      } catch (error) {
        this.say(`This view could not be drawn: ${(error as Error).message}`);
        throw error;
      }
    });
  }

  /** Draws what has changed; true when some of it is left for the next frame. */
  private draw(): boolean {
    const connected = isDeaf(this.header) ? "on" : this.connected; // no answer is what one expects of a deaf kernel
    const lost = connected === "off";
    this.bar.show(this.header, connected);
    this.fold.show(this.header.folded === true);
    this.watch.show(this.header, alive(this.header));
    const hasData = !this.charts.empty;
    this.notices.show(connected, alive(this.header), !hasData);
    this.root.dataset.connected = connected;
    this.charts.el.hidden = !hasData;
    this.toolbar.el.hidden = !hasData;
    this.settings.canReplay = this.replays && !lost;
    this.toolbar.show({
      zoomed: this.charts.zoomed,
      canReplay: this.settings.canReplay && hasData && this.header.steps !== 0,
      lanes: this.charts.lanes,
      groups: this.charts.groups,
      names: this.settings.groups,
    });
    return this.charts.paint();
  }
}

const words_ = ({ steps, episodes }: Header): string =>
  steps === undefined ? "" : `${count(steps)} steps, ${count(episodes ?? 0)} episodes`;

export const liveView: Widget = {
  render: (args) => {
    const view = new LiveView(args);
    return () => view.destroy();
  },
};

import { FilmArea } from "../player/film_area";
import playerCss from "../player/player.css";
import baseCss from "../shared/base.css";
import { decode } from "../shared/codec";
import { h, on, undoAll, useStyles } from "../shared/dom";
import { number } from "../shared/format";
import { attachHover } from "../shared/hover";
import { Plot } from "../shared/plot";
import { followTheme, palettes, type Theme } from "../shared/theme";
import { type Bytes, onMessage, type RenderArguments, type Widget } from "../shared/types";
import css from "./comparison.css";
import type { Column, Row } from "./sorting";
import { Table } from "./table";

const AXES = { step: "environment step", episode: "episode", time: "time" } as const;
type Axis = keyof typeof AXES;

/** Overlaid curves above a table; both come from traits, so they work without a kernel. */
class Comparison {
  private readonly root = h("article", { class: "rlnb-root rlnb-comparison", "aria-label": "rlnb comparison" });
  private readonly plot: Plot;
  private readonly table: Table;
  private readonly film: FilmArea;
  private axis: Axis = "step";
  private theme: Theme = "light";
  private readonly ids: string[];
  private readonly columns: ReadonlyMap<string, ArrayLike<number>>;
  private readonly undo: () => void;

  constructor(private readonly args: RenderArguments) {
    const { model, el } = args;
    const { rows, columns, title, verdict } = JSON.parse(String(model.get("table"))) as {
      rows: Row[];
      columns: Column[];
      title: string;
      verdict?: string;
    };
    this.ids = rows.map((row) => String(row.id));
    this.columns = decode(model.get("curves") as Bytes).columns;
    this.film = new FilmArea((name, payload = {}) => this.send({ type: "command", name, payload }), { choosing: true });
    this.table = new Table(rows, columns, {
      toggle: (id, visible) => {
        this.plot.show(id, visible);
        this.plot.paint();
      },
      replay: (id) => {
        this.film.wait("the best episode");
        this.send({ type: "command", name: "replay", payload: { session: id, episode: "best" } });
      },
    });
    const host = h("div", {
      class: "rlnb-plot",
      tabindex: "0",
      role: "img",
      "aria-label": `${title}, one line a session`,
    });
    this.plot = new Plot(host, { label: title, height: 260 });
    const head = h("header", { class: "rlnb-comparison-head" }, h("h3", {}, title), this.axisChoice());
    if (verdict) head.append(h("p", { class: "rlnb-verdict" }, verdict));
    this.root.append(head, host, this.table.el, this.film.el);
    el.append(this.root);
    const names = new Map(rows.map((row) => [String(row.id), String(row.name)]));
    for (const [color, id] of this.ids.entries())
      this.plot.add({ key: id, label: names.get(id) ?? id, kind: "line", color, width: 2 });
    this.undo = undoAll([
      useStyles(el, baseCss),
      useStyles(el, playerCss),
      useStyles(el, css),
      followTheme(this.root, (theme) => {
        this.theme = theme;
        this.plot.setTheme(theme);
        this.colour();
      }),
      attachHover(this.plot, {
        describe: (hit) => [hit.trace.label, `return ${number(hit.y)}`, `${AXES[this.axis]} ${number(hit.x)}`],
        canPick: () => false,
        onPick: () => {},
      }),
      on(host, "focusin", () => {
        this.plot.wheelZooms = true;
      }),
      on(host, "focusout", () => {
        this.plot.wheelZooms = false;
      }),
      on(host, "pointerdown", () => host.focus({ preventScroll: true })),
      on(host, "dblclick", () => this.plot.reset()),
      onMessage(model, (content, buffers) => {
        if (!this.film.receive(content, buffers))
          this.film.fail(`The kernel sent a message that is not known here: ${JSON.stringify(content.type)}`);
      }),
    ]);
    this.draw();
  }

  destroy(): void {
    this.undo();
    this.film.destroy();
    this.plot.destroy();
    this.root.remove();
  }

  private axisChoice(): HTMLElement {
    const group = h("div", { class: "rlnb-segments", role: "group", "aria-label": "Horizontal axis" });
    for (const axis of Object.keys(AXES) as Axis[]) {
      const pressed = String(axis === this.axis);
      const button = h("button", { type: "button", class: "rlnb-button", "aria-pressed": pressed }, axis);
      button.addEventListener("click", () => {
        this.axis = axis;
        for (const one of group.children) one.setAttribute("aria-pressed", String(one === button));
        this.plot.reset();
        this.draw();
      });
      group.append(button);
    }
    return group;
  }

  private draw(): void {
    for (const [i, id] of this.ids.entries()) {
      const x = this.columns.get(`${i}.${this.axis}`) ?? [];
      const y = this.columns.get(`${i}.value`) ?? [];
      this.plot.data(id, { x: Float64Array.from(x), y: Float64Array.from(y), n: y.length });
    }
    this.plot.xLabel(AXES[this.axis], this.axis === "time");
    this.plot.paint();
    this.colour();
  }

  private colour(): void {
    const { series } = palettes[this.theme];
    this.table.setColors((id) => series[this.ids.indexOf(id) % series.length] ?? "");
  }

  private send(content: Record<string, unknown>): void {
    try {
      this.args.model.send(content);
    } catch {
      this.film.fail("There is no kernel: run the cell again to replay an episode.");
    }
  }
}

export const comparison: Widget = {
  render: (args) => {
    const view = new Comparison(args);
    return () => view.destroy();
  },
};

import { FilmArea } from "../player/film_area";
import playerCss from "../player/player.css";
import baseCss from "../shared/base.css";
import { decode, type Frame } from "../shared/codec";
import { h, on, undoAll, useStyles } from "../shared/dom";
import { number } from "../shared/format";
import { attachHover } from "../shared/hover";
import { Plot } from "../shared/plot";
import { followTheme, palettes, type Theme } from "../shared/theme";
import { type Bytes, onMessage, type RenderArguments, type Widget } from "../shared/types";
import { bar } from "./bar";
import css from "./comparison.css";
import type { Column, Row } from "./sorting";
import { Table } from "./table";

const AXES = { step: "environment step", episode: "episode", time: "time" } as const;
type Axis = keyof typeof AXES;

interface About {
  rows: Row[];
  columns: Column[];
  title: string;
  verdict: string;
  /** What the band of a setting is, in words. */
  bands: Record<string, string>;
}

/** Overlaid curves above a table; both come from traits, so they work without a kernel. */
class Comparison {
  private readonly root = h("article", { class: "rlnb-root rlnb-comparison", "aria-label": "rlnb comparison" });
  private readonly plot: Plot;
  private readonly table: Table;
  private readonly film: FilmArea;
  private axis: Axis = "step";
  private theme: Theme = "light";
  private readonly rows: Row[];
  private readonly bands: Record<string, string>;
  private readonly columns: ReadonlyMap<string, ArrayLike<number>>;
  private readonly undo: () => void;

  constructor(private readonly args: RenderArguments) {
    const { model, el } = args;
    const { rows, columns, title, verdict, bands } = JSON.parse(String(model.get("table"))) as About;
    this.rows = rows;
    this.bands = bands;
    this.columns = unpacked(decode(model.get("curves") as Bytes));
    this.film = new FilmArea((name, payload = {}) => this.send({ type: "command", name, payload }), { choosing: true });
    const grouped = Object.keys(bands).length > 0;
    const of = grouped ? "setting" : "run";
    this.table = new Table(
      rows,
      columns,
      {
        toggle: (ids, visible) => {
          for (const key of ids.flatMap((id) => [id, `${id} band`]))
            if (this.plot.traces.has(key)) this.plot.show(key, visible);
          this.plot.paint();
        },
        replay: (id) => {
          this.film.wait("the best episode");
          this.send({ type: "command", name: "replay", payload: { session: id, episode: "best" } });
        },
        curve: (id) => [this.column(`${id}.step`), this.column(`${id}.value`)],
      },
      of,
    );
    const host = h("div", {
      class: "rlnb-plot",
      tabindex: "0",
      role: "img",
      "aria-label": `${title}, one line a run`,
    });
    this.plot = new Plot(host, { label: title, height: 260 });
    this.plot.drag = "box";
    const all = h("button", { type: "button", class: "rlnb-button rlnb-button-quiet", hidden: true }, "Show all");
    all.addEventListener("click", () => this.plot.reset());
    this.plot.onMove = () => {
      all.hidden = this.plot.follows;
    };
    const head = h("header", { class: "rlnb-comparison-head" }, h("h3", {}, title), all, this.axisChoice());
    if (verdict) head.append(h("p", { class: "rlnb-verdict" }, verdict));
    if (grouped) head.append(h("p", { class: "rlnb-muted" }, this.legend()));
    this.root.append(head, host, bar(this.table, grouped, of, verdict), this.table.el, this.film.el);
    el.append(this.root);
    this.add(grouped);
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

  /** What is drawn, in words: a band always names itself. */
  private legend(): string {
    const kinds = [...new Set(Object.values(this.bands))].filter((words) => !/^1 run|^no /.test(words));
    return kinds.length ? `Thin: a run. Thick: the mean, as far as all runs reach. Band: ${kinds.join("; ")}.` : "";
  }

  private add(grouped: boolean): void {
    const several = new Set(this.rows.filter(({ runs }) => Number(runs) > 1).map(({ id }) => id));
    for (const { id, of, name, color, setting } of this.rows) {
      const own = { key: String(id), label: String(name), color: Number(color) };
      if (of === "run") {
        const thin = grouped && several.has(setting as string);
        this.plot.add({ ...own, kind: "line", width: thin ? 1 : 2, alpha: thin ? 0.4 : 1 });
      } else if (several.has(id as string)) {
        this.plot.add({ ...own, key: `${id} band`, kind: "band", alpha: 0.16 });
        this.plot.add({ ...own, label: `${name}, mean`, kind: "line", width: 2.75 });
      }
    }
  }

  private column(key: string): ArrayLike<number> {
    return this.columns.get(key) ?? [];
  }

  private draw(): void {
    for (const key of this.plot.traces.keys()) {
      const id = key.replace(/ band$/, "");
      const mean = `${id}.${this.axis}`;
      const banded = this.columns.has(`${mean}.mean`);
      const x = this.column(banded ? `${mean}.x` : mean);
      const y = this.column(banded ? `${mean}.${key === id ? "mean" : "high"}` : `${id}.value`);
      const low = key === id ? undefined : Float64Array.from(this.column(`${mean}.low`));
      this.plot.data(key, { x: Float64Array.from(x), y: Float64Array.from(y), n: y.length, low });
    }
    this.plot.xLabel(AXES[this.axis], this.axis === "time");
    this.plot.paint();
    this.colour();
  }

  private colour(): void {
    const { series } = palettes[this.theme];
    this.table.setColors((row) => series[Number(row.color) % series.length] ?? "");
  }

  private send(content: Record<string, unknown>): void {
    try {
      this.args.model.send(content);
    } catch {
      this.film.fail("There is no kernel: run the cell again to replay an episode.");
    }
  }
}

/** The curves, which lie end to end: columns by `<run>.<axis>` and `<setting>.<axis>.<edge>`. */
function unpacked({ meta, columns }: Frame): Map<string, ArrayLike<number>> {
  const found = new Map<string, ArrayLike<number>>();
  const all = meta as Record<"curves" | "bands", [string, number][]>;
  for (const [keys, names] of [
    [all.curves, ["step", "episode", "time", "value"]],
    [all.bands, ["x", "mean", "low", "high"]],
  ] as const) {
    const whole = names.map((name) => [name, Float64Array.from(columns.get(name) ?? [])] as const);
    let at = 0;
    for (const [key, n] of keys) {
      for (const [name, column] of whole) found.set(`${key}.${name}`, column.slice(at, at + n));
      at += n;
    }
  }
  return found;
}

export const comparison: Widget = {
  render: (args) => {
    const view = new Comparison(args);
    return () => view.destroy();
  },
};

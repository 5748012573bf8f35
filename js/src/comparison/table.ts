import { h, icon } from "../shared/dom";
import { dots, extent, spark } from "./small";
import { type Column, matches, next, type Order, type Row, read, sorted } from "./sorting";

const PLAY = "M4 2.5v11l9-5.5z";

/** What a person does in the table, and what it asks for. */
export interface TableEvents {
  /** Runs, or a setting with its runs, are shown or hidden in the chart. */
  toggle(ids: string[], visible: boolean): void;
  replay(id: string): void;
  curve(id: string): [ArrayLike<number>, ArrayLike<number>];
}

interface Line {
  tr: HTMLElement;
  box: HTMLInputElement;
  swatch: HTMLElement;
}

/** A table of runs, or of settings that open to show their runs: sorted, searched, its columns chosen. */
export class Table {
  readonly el = h("div", {
    class: "rlnb-table-scroll",
    tabindex: "0",
    role: "region",
    "aria-label": "Table of the runs",
  });
  private readonly head = h("thead");
  private readonly body = h("tbody");
  private readonly lines = new Map<string, Line>();
  private readonly open = new Set<string>();
  private readonly ends: [number, number];
  private order: Order | null = null;
  private search_ = "";
  private color: (row: Row) => string = () => "";

  constructor(
    private readonly rows: readonly Row[],
    private readonly columns: readonly Column[],
    private readonly events: TableEvents,
    private of_: "run" | "setting",
  ) {
    this.ends = extent(rows.flatMap((row) => row.scores as readonly number[]));
    this.el.append(h("table", { class: "rlnb-table" }, this.head, this.body));
    this.rebuild();
  }

  /** Rows of runs, or of settings. */
  get of(): "run" | "setting" {
    return this.of_;
  }
  set of(of: "run" | "setting") {
    this.of_ = of;
    this.rebuild();
  }

  set search(text: string) {
    this.search_ = text;
    this.paint();
  }

  /** The columns that such rows have, shown or not. */
  get choice(): Column[] {
    return this.columns.filter(({ of }) => !of || of === this.of_ || (of === "run" && this.open.size > 0));
  }

  /** The columns that are shown. */
  get shown(): Column[] {
    return this.choice.filter(({ hidden }) => !hidden);
  }

  /** The rows in their order, those found by the search. */
  get found(): Row[] {
    const own = this.rows.filter(({ of }) => of === this.of_);
    return sorted(own, this.order).filter(
      (row) =>
        matches(row, this.columns, this.search_) ||
        this.under(row).some((run) => matches(run, this.columns, this.search_)),
    );
  }

  /** The colours of the rows' curves. */
  setColors(color: (row: Row) => string): void {
    this.color = color;
    for (const row of this.rows) {
      const line = this.lines.get(String(row.id));
      if (line) line.tr.style.setProperty("--rlnb-own", color(row));
    }
  }

  /** Draws the head and all rows anew: other columns, other rows. */
  rebuild(): void {
    const off = new Set([...this.lines].filter(([, { box }]) => !box.checked).map(([id]) => id));
    this.lines.clear();
    const head = h("tr", {}, h("th", { scope: "col" }, h("span", { class: "rlnb-hidden" }, "Curve")));
    for (const column of this.shown) {
      const { kind, label, title } = column;
      const sorts = kind === "text" || kind === "number";
      const inner = sorts
        ? h("button", { type: "button", class: "rlnb-th", title }, label)
        : h("span", { title }, label);
      const th = h(
        "th",
        { scope: "col", "aria-sort": sorts && "none", "data-kind": kind, "data-key": column.key },
        inner,
      );
      if (sorts)
        inner.addEventListener("click", () => {
          this.order = next(this.order, column);
          this.paint();
        });
      head.append(th);
    }
    head.append(h("th", { scope: "col" }, h("span", { class: "rlnb-hidden" }, "Replay")));
    this.head.replaceChildren(head);
    this.paint();
    for (const id of off) {
      const line = this.lines.get(id);
      if (line) this.mark(line, false);
    }
  }

  private under(row: Row): Row[] {
    return row.of === "setting" ? this.rows.filter(({ setting }) => setting === row.id) : [];
  }

  private line(row: Row): Line {
    const known = this.lines.get(String(row.id));
    if (known) return known;
    const { id, name } = { id: String(row.id), name: String(row.name) };
    const what = row.of === "setting" ? "the curves" : "the curve";
    const box = h("input", { type: "checkbox", checked: true, "aria-label": `Show ${what} of ${name}` });
    const swatch = h("span", { class: "rlnb-swatch" });
    const tr = h("tr", { "data-of": String(row.of) }, h("td", {}, h("label", { class: "rlnb-row-box" }, box, swatch)));
    const line = { tr, box, swatch };
    tr.style.setProperty("--rlnb-own", this.color(row));
    box.addEventListener("change", () => this.toggled(row, line));
    for (const column of this.shown) tr.append(this.cell(row, column));
    tr.append(h("td", {}, row.of === "run" && this.button(`Replay the best episode of ${name}`, id)));
    this.lines.set(id, line);
    return line;
  }

  private cell(row: Row, column: Column): HTMLElement {
    const { kind, key, of } = column;
    const td = h("td", { "data-kind": kind, "data-key": key });
    if (of && of !== row.of) return td;
    if (kind === "dots") td.append(dots(row[key] as readonly number[], this.ends));
    else if (kind === "curve") td.append(spark(...this.events.curve(String(row.id))));
    else if (key === "name" && (this.under(row).length || row.about)) td.append(this.opener(row));
    else td.append(read(row, column));
    if (kind === "text" && (td.textContent ?? "").length > 40) td.title = td.textContent ?? ""; // it may be cut
    return td;
  }

  private opener(row: Row): HTMLElement {
    const id = String(row.id);
    const button = h("button", { type: "button", class: "rlnb-opener", "aria-expanded": String(this.open.has(id)) });
    button.append(row.of === "run" ? read(row, { key: "name", label: "", kind: "text" }) : String(row.name));
    button.addEventListener("click", () => {
      if (!this.open.delete(id)) this.open.add(id);
      this.rebuild();
      this.lines.get(id)?.tr.querySelector<HTMLElement>(".rlnb-opener")?.focus();
    });
    return button;
  }

  private button(label: string, id: string): HTMLElement {
    const style = "rlnb-button rlnb-button-icon rlnb-button-quiet";
    const button = h("button", { type: "button", class: style, title: label, "aria-label": label }, icon(PLAY));
    button.addEventListener("click", () => this.events.replay(id));
    return button;
  }

  private toggled(row: Row, line: Line): void {
    const on = line.box.checked;
    this.mark(line, on);
    const runs = this.under(row).map(({ id }) => String(id));
    for (const id of runs) {
      const under = this.lines.get(id);
      if (under) this.mark(under, on);
    }
    this.events.toggle([String(row.id), ...runs], on);
  }

  private mark({ tr, box }: Line, on: boolean): void {
    box.checked = on;
    tr.toggleAttribute("data-off", !on);
  }

  /** What stands under an open row: a setting's runs, or in words how a run was made and how to get it. */
  private opened(row: Row): HTMLElement[] {
    if (!this.open.has(String(row.id))) return [];
    if (row.of === "setting")
      return sorted(this.under(row), this.order).flatMap((run) => [this.line(run).tr, ...this.opened(run)]);
    const words = h("td", { colspan: this.shown.length + 1, class: "rlnb-muted rlnb-about" }, String(row.about));
    return [h("tr", {}, h("td"), words)];
  }

  private paint(): void {
    for (const th of this.head.querySelectorAll("th[aria-sort]")) {
      const here = this.order?.key === (th as HTMLElement).dataset.key;
      th.setAttribute("aria-sort", here ? (this.order?.down ? "descending" : "ascending") : "none");
    }
    const shown = this.found.flatMap((row) => [this.line(row).tr, ...this.opened(row)]);
    this.body.replaceChildren(...shown);
    if (shown.length === 0) {
      const words = this.rows.length ? "Nothing is found by this search." : "No session.";
      this.body.append(h("tr", {}, h("td", { colspan: this.shown.length + 2, class: "rlnb-muted" }, words)));
    }
  }
}

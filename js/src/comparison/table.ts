import { h, icon } from "../shared/dom";
import { type Column, cell, matches, next, type Order, type Row, sorted } from "./sorting";

const PLAY = "M4 2.5v11l9-5.5z";

/** What a person does in the table. */
export interface TableEvents {
  toggle(id: string, visible: boolean): void;
  replay(id: string): void;
}

/** A sortable table: a swatch and a box a row to show or hide its curve, and a button that replays its best episode. */
export class Table {
  readonly el = h("div", { class: "rlnb-table-box" });
  private readonly body = h("tbody");
  private readonly heads: { column: Column; th: HTMLElement; button: HTMLElement }[] = [];
  private order: Order | null = null;
  private search = "";
  private readonly lines = new Map<string, { row: Row; tr: HTMLElement; swatch: HTMLElement }>();

  constructor(
    private readonly rows: readonly Row[],
    private readonly columns: readonly Column[],
    private readonly events: TableEvents,
  ) {
    const head = h("tr", {}, h("th", { scope: "col" }, h("span", { class: "rlnb-hidden" }, "Curve")));
    for (const column of columns) {
      const button = h("button", { type: "button", class: "rlnb-th" }, column.label);
      const th = h("th", { scope: "col", "aria-sort": "none", "data-kind": column.kind }, button);
      button.addEventListener("click", () => this.sortBy(next(this.order, column)));
      this.heads.push({ column, th, button });
      head.append(th);
    }
    head.append(h("th", { scope: "col" }, h("span", { class: "rlnb-hidden" }, "Replay")));
    if (rows.length > 6) this.el.append(this.searchField());
    this.el.append(
      h("div", { class: "rlnb-table-scroll" }, h("table", { class: "rlnb-table" }, h("thead", {}, head), this.body)),
    );
    for (const row of rows) this.line(row);
    this.paint();
  }

  /** The colours of the rows' curves, by session. */
  setColors(color: (id: string) => string): void {
    for (const [id, { swatch }] of this.lines) swatch.style.background = color(id);
  }

  private searchField(): HTMLElement {
    const field = h("input", {
      type: "search",
      class: "rlnb-input",
      placeholder: "Search",
      "aria-label": "Search the table",
    });
    field.addEventListener("input", () => {
      this.search = field.value;
      this.paint();
    });
    field.addEventListener("keydown", (event) => event.stopPropagation()); // letters are no notebook commands
    return field;
  }

  private line(row: Row): void {
    const id = String(row.id);
    const name = String(row.name ?? id);
    const box = h("input", { type: "checkbox", checked: true, "aria-label": `Show the curve of ${name}` });
    const swatch = h("span", { class: "rlnb-swatch" });
    const tr = h("tr", {}, h("td", {}, h("label", { class: "rlnb-row-box" }, box, swatch)));
    box.addEventListener("change", () => {
      tr.toggleAttribute("data-off", !box.checked);
      this.events.toggle(id, box.checked);
    });
    for (const column of this.columns)
      tr.append(h("td", { "data-kind": column.kind }, cell(row[column.key], column.kind)));
    const label = `Replay the best episode of ${name}`;
    const button = h(
      "button",
      { type: "button", class: "rlnb-button rlnb-button-icon rlnb-button-quiet", title: label, "aria-label": label },
      icon(PLAY),
    );
    button.addEventListener("click", () => this.events.replay(id));
    tr.append(h("td", {}, button));
    this.lines.set(id, { row, tr, swatch });
  }

  private sortBy(order: Order): void {
    this.order = order;
    this.paint();
  }

  private paint(): void {
    for (const { column, th } of this.heads) {
      const here = this.order?.key === column.key;
      th.setAttribute("aria-sort", here ? (this.order?.down ? "descending" : "ascending") : "none");
    }
    const shown = sorted(this.rows, this.order).filter((row) => matches(row, this.columns, this.search));
    this.body.replaceChildren(...shown.map((row) => this.lines.get(String(row.id))?.tr ?? ""));
    if (shown.length === 0)
      this.body.append(
        h("tr", {}, h("td", { colspan: this.columns.length + 2, class: "rlnb-muted" }, "No such session.")),
      );
  }
}

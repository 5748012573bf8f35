import { h } from "../shared/dom";
import { download } from "../shared/download";
import { files } from "./files";
import type { Table } from "./table";

/** What stands between chart and table: settings or runs, a search, the columns, and the table as a file. */
export function bar(table: Table, grouped: boolean, of: "run" | "setting", verdict: string): HTMLElement {
  const columns = h("div", { class: "rlnb-menu", role: "group", "aria-label": "Columns" });
  const refill = () =>
    columns.replaceChildren(
      ...table.choice.map((column) => {
        const box = h("input", { type: "checkbox", checked: !column.hidden });
        box.addEventListener("change", () => {
          column.hidden = !box.checked;
          table.rebuild();
        });
        return h("label", {}, box, column.label);
      }),
    );
  const menu = drop("Columns", columns);
  menu.addEventListener("toggle", refill);
  const search = h("input", {
    type: "search",
    class: "rlnb-input",
    placeholder: "Search, or lr>0.001",
    "aria-label": "Search the table",
  });
  search.addEventListener("input", () => {
    table.search = search.value;
  });
  search.addEventListener("keydown", (event) => event.stopPropagation()); // letters are no notebook commands
  const save = h("div", { class: "rlnb-menu", role: "group", "aria-label": "Save the table" });
  for (const [name, [ending, mime, write]] of Object.entries(files)) {
    const button = h("button", { type: "button", class: "rlnb-button rlnb-button-quiet" }, name);
    button.addEventListener("click", () => {
      const kept = table.shown.filter(
        ({ kind, of: only }) => ["text", "number"].includes(kind) && only !== other(table.of),
      );
      download(`comparison.${ending}`, new Blob([write(table.found, kept, verdict)], { type: mime }));
    });
    save.append(button);
  }
  const el = h("div", { class: "rlnb-table-bar" });
  if (grouped) el.append(choice(table, of));
  el.append(search, menu, drop("Save", save));
  return el;
}

const other = (of: "run" | "setting") => (of === "run" ? "setting" : "run");

function choice(table: Table, of: "run" | "setting"): HTMLElement {
  const group = h("div", { class: "rlnb-segments", role: "group", "aria-label": "Rows" });
  for (const [name, label] of [
    ["setting", "Settings"],
    ["run", "Runs"],
  ] as const) {
    const pressed = String(name === of);
    const button = h("button", { type: "button", class: "rlnb-button", "aria-pressed": pressed }, label);
    button.addEventListener("click", () => {
      for (const one of group.children) one.setAttribute("aria-pressed", String(one === button));
      table.of = name;
    });
    group.append(button);
  }
  return group;
}

/** A button that opens a small box; Escape or a click elsewhere closes it. */
function drop(label: string, content: HTMLElement): HTMLDetailsElement {
  const summary = h("summary", { class: "rlnb-button" }, label);
  const el = h("details", { class: "rlnb-drop" }, summary, content);
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    el.open = false;
    summary.focus();
    event.stopPropagation();
  });
  el.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !el.contains(event.relatedTarget as Node)) el.open = false;
  });
  return el;
}

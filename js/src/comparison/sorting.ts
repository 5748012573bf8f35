/** The arithmetic of the table: sorting, searching, cells as text. No DOM here. */
import { number } from "../shared/format";

export interface Column {
  key: string;
  label: string;
  kind: "text" | "number";
}

export type Row = Record<string, string | number | null>;

export interface Order {
  key: string;
  down: boolean;
}

/** The rows in order; what has no value comes last either way, and equal rows stay as they were. */
export function sorted(rows: readonly Row[], order: Order | null): Row[] {
  const copy = [...rows];
  if (!order) return copy;
  const sign = order.down ? -1 : 1;
  return copy.sort((a, b) => {
    const [x, y] = [a[order.key] ?? null, b[order.key] ?? null];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y), undefined, { numeric: true });
  });
}

/** Whether a row contains every word of the search, in any column. */
export function matches(row: Row, columns: readonly Column[], search: string): boolean {
  const text = columns
    .map(({ key }) => String(row[key] ?? ""))
    .join("\n")
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** A cell as it is read. */
export function cell(value: string | number | null | undefined, kind: Column["kind"]): string {
  if (value === null || value === undefined) return "–";
  return kind === "number" && typeof value === "number" ? number(value) : String(value);
}

/** What a click on a column's head means: numbers from the top first, text from A; then turned round. */
export function next(order: Order | null, column: Column): Order {
  if (order?.key === column.key) return { key: column.key, down: !order.down };
  return { key: column.key, down: column.kind === "number" };
}

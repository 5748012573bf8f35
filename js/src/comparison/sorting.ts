/** The arithmetic of the table: sorting, searching, cells as text. No DOM here. */
import { number } from "../shared/format";

export interface Column {
  key: string;
  label: string;
  kind: "text" | "number" | "dots" | "curve";
  /** The kind of row that has it; both where nothing is said. */
  of?: "run" | "setting";
  hidden?: boolean;
  title?: string;
}

/** A run, or a setting over the runs whose `setting` is its id. `<key>:text` is how a cell is read instead. */
export type Row = Record<string, string | number | null | readonly number[]>;

export interface Order {
  key: string;
  down: boolean;
}

type Cell = Row[string] | undefined;

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

const TEST = /^(.+?)(<=|>=|!=|=|<|>)(.+)$/;
const squeezed = (text: string) => text.toLowerCase().replace(/\s+/g, "");

/** Whether a row has every word of the search in any column; `lr>0.001` and `status=stopped` look in one. */
export function matches(row: Row, columns: readonly Column[], search: string): boolean {
  const text = columns
    .map((column) => read(row, column))
    .join("\n")
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => {
      const [, name = "", how, value = ""] = word.match(TEST) ?? [];
      const column = how && columns.find(({ key, label }) => [squeezed(label), key].includes(name));
      return column ? holds(row[column.key], how, value) : text.includes(word);
    });
}

function holds(cell: Cell, how: string, value: string): boolean {
  const wanted = Number(value);
  const same = typeof cell === "number" && !Number.isNaN(wanted) ? cell === wanted : squeezed(String(cell)) === value;
  if (how === "=") return same;
  if (how === "!=") return !same;
  if (typeof cell !== "number") return false;
  if (how === "<") return cell < wanted;
  if (how === ">") return cell > wanted;
  return how === "<=" ? cell <= wanted : cell >= wanted;
}

/** A cell as it is read. */
export function cell(value: Cell, kind: Column["kind"]): string {
  if (value === null || value === undefined) return "–";
  return kind === "number" && typeof value === "number" ? number(value) : String(value);
}

/** The cell of a row. */
export const read = (row: Row, { key, kind }: Column): string => String(row[`${key}:text`] ?? cell(row[key], kind));

/** What a click on a column's head means: numbers from the top first, text from A; then turned round. */
export function next(order: Order | null, column: Column): Order {
  if (order?.key === column.key) return { key: column.key, down: !order.down };
  return { key: column.key, down: column.kind === "number" };
}

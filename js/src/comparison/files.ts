/** A table as a file, as `Comparison.to_csv` and its like write it in Python. */
import { type Column, type Row, read } from "./sorting";

const harmless = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csv(rows: Row[], columns: Column[]): string {
  const value = (row: Row, { key }: Column) => {
    const found = row[key] ?? "";
    return typeof found === "string" ? quoted(harmless(found)) : String(found);
  };
  const lines = [columns.map(({ label }) => quoted(label)), ...rows.map((row) => columns.map((c) => value(row, c)))];
  return lines.map((line) => `${line.join(",")}\n`).join("");
}

function json(rows: Row[], columns: Column[], verdict: string): string {
  const listed = rows.map((row) => Object.fromEntries(columns.map(({ key, label }) => [label, row[key] ?? null])));
  return `${JSON.stringify({ verdict, rows: listed }, null, 2)}\n`;
}

function markdown(rows: Row[], columns: Column[]): string {
  const safe = (text: string) => text.replace(/[\\|]/g, "\\$&").replaceAll("<", "&lt;").replace(/\s+/g, " ").trim();
  const rule = columns.map(({ kind }) => (kind === "number" ? "---:" : "---"));
  const lines = [
    columns.map(({ label }) => safe(label)),
    rule,
    ...rows.map((r) => columns.map((c) => safe(read(r, c)))),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

const TEX: Record<string, string> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
};

function latex(rows: Row[], columns: Column[]): string {
  const safe = (text: string) => text.replace(/[\\~^<>&%$#_{}]/g, (letter) => TEX[letter] ?? `\\${letter}`).trim();
  const line = (cells: string[]) => `${cells.map(safe).join(" & ")} \\\\`;
  const body = rows.map((row) => line(columns.map((column) => read(row, column))));
  const letters = columns.map(({ kind }) => (kind === "number" ? "r" : "l")).join("");
  const head = line(columns.map(({ label }) => label));
  const parts = [`\\begin{tabular}{${letters}}`, "\\toprule", head, "\\midrule", ...body, "\\bottomrule"];
  return `${[...parts, "\\end{tabular}"].join("\n")}\n`;
}

type Writer = (rows: Row[], columns: Column[], verdict: string) => string;

/** By the name on the button: ending, type, writer. */
export const files: Record<string, [string, string, Writer]> = {
  CSV: ["csv", "text/csv", csv],
  JSON: ["json", "application/json", json],
  Markdown: ["md", "text/markdown", markdown],
  LaTeX: ["tex", "application/x-tex", latex],
};

import { describe, expect, it } from "vitest";
import { files } from "../src/comparison/files";
import { type Column, cell, matches, next, type Row, sorted } from "../src/comparison/sorting";

const rows: Row[] = [
  { id: "a", name: "run 10", best: 3 },
  { id: "b", name: "run 9", best: null },
  { id: "c", name: "Wide", best: 500 },
  { id: "d", name: "run 2", best: 3 },
];
const ids = (list: Row[]) => list.map((row) => row.id).join("");

describe("sorting", () => {
  it("numbers either way, what has no value last, equals as they were", () => {
    expect(ids(sorted(rows, { key: "best", down: true }))).toBe("cadb");
    expect(ids(sorted(rows, { key: "best", down: false }))).toBe("adcb");
  });
  it("text as a person counts", () => {
    expect(ids(sorted(rows, { key: "name", down: false }))).toBe("dbac");
  });
  it("leaves the rows alone", () => {
    expect(ids(sorted(rows, null))).toBe("abcd");
    sorted(rows, { key: "best", down: true });
    expect(ids(rows)).toBe("abcd");
  });
  it("a click sorts numbers from the top and text from A, a second one turns round", () => {
    const number: Column = { key: "best", label: "best", kind: "number" };
    const first = next(null, number);
    expect(first).toEqual({ key: "best", down: true });
    expect(next(first, number)).toEqual({ key: "best", down: false });
    expect(next(first, { key: "name", label: "name", kind: "text" })).toEqual({ key: "name", down: false });
  });
});

describe("searching and cells", () => {
  const columns: Column[] = [
    { key: "name", label: "name", kind: "text" },
    { key: "best", label: "best", kind: "number" },
  ];
  it("every word counts, in any column", () => {
    expect(rows.filter((row) => matches(row, columns, "RUN 3")).map((row) => row.id)).toEqual(["a", "d"]);
    expect(rows.filter((row) => matches(row, columns, ""))).toHaveLength(4);
  });
  it("a comparison looks in one column", () => {
    const found = (words: string) => rows.filter((row) => matches(row, columns, words)).map((row) => row.id);
    expect(found("best>3")).toEqual(["c"]);
    expect(found("best<=3 run")).toEqual(["a", "d"]);
    expect(found("name=wide")).toEqual(["c"]);
    expect(found("best!=3")).toEqual(["b", "c"]);
    expect(found("what>3")).toEqual([]);
  });
  it("nothing is a dash", () => {
    expect(cell(null, "number")).toBe("–");
    expect(cell(1234567, "number")).toBe("1,234,567");
    expect(cell("<b>", "text")).toBe("<b>");
  });
});

describe("files", () => {
  const columns: Column[] = [
    { key: "name", label: "name", kind: "text" },
    { key: "best", label: "best_return", kind: "number" },
  ];
  const odd: Row[] = [
    { id: "a", name: '=1+1 "a", b|c', best: -3.5 },
    { id: "b", name: "50 % & <b>", best: null },
  ];
  const written = (name: string) => files[name]?.[2](odd, columns, "A is better.");
  it("CSV quotes, and no text is a formula", () => {
    expect(written("CSV")).toBe(`name,best_return\n"'=1+1 ""a"", b|c",-3.5\n50 % & <b>,\n`);
  });
  it("JSON has the verdict", () => {
    expect(JSON.parse(written("JSON") ?? "")).toEqual({
      verdict: "A is better.",
      rows: [
        { name: '=1+1 "a", b|c', best_return: -3.5 },
        { name: "50 % & <b>", best_return: null },
      ],
    });
  });
  it("Markdown and LaTeX escape what is theirs", () => {
    expect(written("Markdown")).toContain('=1+1 "a", b\\|c');
    expect(written("Markdown")).toContain("| 50 % & &lt;b> | – |");
    expect(written("LaTeX")).toContain("50 \\% \\& \\textless{}b\\textgreater{} & – \\\\");
    expect(written("LaTeX")).toContain("best\\_return");
  });
});

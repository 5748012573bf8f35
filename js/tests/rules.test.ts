import { describe, expect, test } from "vitest";
import { type Box, inkIn } from "../src/shared/room";
import { type Ground, lay, type Rule } from "../src/shared/rules";
import type { Stroke } from "../src/shared/strokes";

const frame: Box = { left: 50, right: 450, top: 10, bottom: 160 };
const solved: Rule = { key: "solved", at: 40, label: "solved at 475", tone: "strong" };
const line = (xy: number[]): Stroke => ({
  trace: { key: "a", label: "a", kind: "line", color: 0 },
  color: "",
  xy: Float32Array.from(xy),
  low: null,
});

const ground = (strokes: Stroke[], stood = new Map<string, number>()): Ground => ({
  frame,
  sx: (x) => x,
  sy: (y) => y,
  colors: { strong: "#000", quiet: "#888" },
  ink: (box) => inkIn(strokes, box),
  stood,
});
const text = (strokes: Stroke[], rules: [Rule[], Rule[]] = [[solved], []], stood = new Map<string, number>()) =>
  lay(...rules, ground(strokes, stood)).map((one) => one.text);

describe("the words of a level", () => {
  test("stand at the right where nothing is drawn", () => {
    expect(text([])[0]).toMatchObject({ at: [446, 36], align: "end" });
  });

  test("leave a curve its place: a line that runs along the level at the right", () => {
    const curve = line([50, 150, 300, 140, 340, 36, 450, 33]); // no vertex under the words: a piece of it crosses them
    expect(text([curve])[0]).toMatchObject({ at: [56, 36], align: "start" });
  });

  test("do not jump for a little ink", () => {
    const stood = new Map<string, number>();
    expect(text([], undefined, stood)[0]?.align).toBe("end");
    expect(text([line([440, 30, 440, 34])], undefined, stood)[0]?.align).toBe("end");
    const heap = Array.from({ length: 9 }, (_, k) => line([370, 28 + k, 450, 28 + k]));
    expect(text(heap, undefined, stood)[0]?.align).toBe("start");
  });

  test("of two levels at one height lie side by side or over each other, never upon each other", () => {
    const [a, b] = text([], [[solved, { ...solved, key: "random", label: "random policy 22" }], []]);
    expect(a?.at).not.toEqual(b?.at);
  });

  test("stand under a level that is so high that they would be cut", () => {
    expect(text([], [[{ ...solved, at: 16 }], []])[0]).toMatchObject({ at: [446, 29], align: "end" });
  });

  test("name a level beyond the frame at its edge", () => {
    expect(text([], [[{ ...solved, at: -500 }], []])[0]).toMatchObject({ words: "solved at 475 ↑", at: [446, 21] });
  });
});

describe("the words of a moment", () => {
  const moment = (at: number, key = "0"): Rule => ({ key, at, label: "lr 0.001 → 0.01", tone: "quiet" });

  test("are turned to the left at the right edge, not cut", () => {
    expect(text([], [[], [moment(440)]])[0]).toMatchObject({ at: [436, 155], align: "end" });
  });

  test("are left out where others stand already", () => {
    const many = Array.from({ length: 40 }, (_, k) => moment(200 + k, String(k)));
    const said = text([], [[], many]).filter((one) => one !== null);
    expect(said.length).toBeGreaterThan(1);
    expect(said.length).toBeLessThan(6);
  });
});

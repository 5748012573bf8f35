import { describe, expect, it } from "vitest";
import { actionWords, endWords, storyOf, thoughtAt, valueWords } from "../src/player/story";
import { frameOf, stepOf } from "../src/player/time";
import type { Column, Frame } from "../src/shared/codec";

const told = (meta: Record<string, unknown>, columns: [string, Column][] = []): Frame => ({
  meta: {
    story: {
      named: [["pole angle", "rad"]],
      actionNames: ["push cart left", "push cart right"],
      actionNamed: [],
      actionCount: 2,
      actionStart: 0,
      infos: ["lives"],
      words: [],
      reason: "pole angle 12.3° > 12°",
      marks: [],
      ...meta,
    },
  },
  columns: new Map<string, Column>([
    ["replayed", Float64Array.of(1, 1)],
    ["actions", Int32Array.of(0, 1)],
    ["terminated", Uint8Array.of(0, 1)],
    ["truncated", Uint8Array.of(0, 0)],
    ...columns,
  ]),
});

describe("a story", () => {
  it("names the action of each step, and nothing at the reset", () => {
    const story = storyOf(told({}));
    expect([0, 1, 2, 3].map((k) => story && actionWords(story, k))).toEqual([
      "",
      "push cart left (0)",
      "push cart right (1)",
      "",
    ]);
  });
  it("gives a continuous action by its numbers", () => {
    const story = storyOf(told({ actionCount: 0, actionNames: [] }, [["actions", Float32Array.of(0.5, -1, 2, 0)]]));
    expect(story && actionWords(story, 1)).toBe("0.5, -1");
  });
  it("tells terminated from truncated, and from a recording that stops", () => {
    const over = storyOf(told({}));
    expect(over && [1, 2].map((k) => endWords(over, k))).toEqual(["goes on", "terminated: pole angle 12.3° > 12°"]);
    const cut = storyOf(told({}, [["terminated", Uint8Array.of(0, 0)]]));
    expect(cut && endWords(cut, 2)).toContain("cut here");
  });
  it("gives the policy's numbers by observation", () => {
    const meta = { thoughts: { source: "DQN", parts: [["q", 2]] } };
    const story = storyOf(told(meta, [["thought.q", Float64Array.of(1, 2, 3, 4, 5, 6)]]));
    expect(story?.thoughts.map((one) => [...thoughtAt(one, 1)])).toEqual([[3, 4]]);
  });
  it("is none where none was told", () => {
    expect(storyOf({ meta: {}, columns: new Map() })).toBeNull();
  });
});

describe("a value for the eye", () => {
  it("has its unit, and an angle its degrees", () => {
    expect(valueWords(0.2095, "rad")).toBe("0.2095 rad (12.0°)");
    expect(valueWords(-1.5, "m/s")).toBe("−1.5 m/s");
    expect(valueWords(1, "0/1")).toBe("yes");
    expect(valueWords(Number.NaN, "m")).toBe("NaN");
    expect(valueWords(0.00000123, "")).toBe("1.230e−6");
  });
});

describe("steps and frames", () => {
  it("a step of a thinned film is its frame or the one before", () => {
    for (let step = 0; step <= 25; step++)
      expect(stepOf(frameOf(step, 10, 4, 25), 10, 4, 25)).toBeLessThanOrEqual(step);
    expect([0, 9, 10, 25].map((step) => frameOf(step, 10, 4, 25))).toEqual([0, 0, 1, 3]);
  });
});

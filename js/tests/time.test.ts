import { describe, expect, it } from "vitest";
import { type Film, rewardWords } from "../src/player/film";
import { frameAt, frameInStep, longest, returnsOf, short, stepOf, timeOf } from "../src/player/time";

describe("frames and seconds", () => {
  it("seeks to the middle of a frame, and reads the same frame back", () => {
    for (const fps of [4, 15, 29.97, 30, 50, 60])
      for (let k = 0; k < 600; k++) expect(frameAt(timeOf(k, fps), fps, 600)).toBe(k);
  });
  it("stays within the film", () => {
    expect(frameAt(-1, 30, 10)).toBe(0);
    expect(frameAt(99, 30, 10)).toBe(9);
  });
});

describe("films in step", () => {
  it("the shorter one holds its last frame", () => {
    expect(longest([5, 9])).toBe(9);
    expect([0, 4, 8].map((k) => frameInStep(k, 5))).toEqual([0, 4, 4]);
    expect(longest([])).toBe(0);
  });
  it("a thinned film knows its steps, the last one too", () => {
    expect([0, 1, 2, 3].map((k) => stepOf(k, 10, 4, 25))).toEqual([0, 10, 20, 25]);
    expect(stepOf(3, 1, 4, 3)).toBe(3);
  });
});

describe("rewards", () => {
  it("sum to the return after each step", () => {
    expect([...returnsOf([1, -2, 0.5])]).toEqual([0, 1, -1, -0.5]);
  });
  it("are written short", () => {
    expect([1, 0.1 + 0.2, -1e-9, Number.NaN].map(short)).toEqual(["1", "0.3", "0", "NaN"]);
  });
});

describe("the words under a film", () => {
  const film = { frames: 4, stride: 1, rewards: Float64Array.from([1, -0.5, 2]) } as Film;
  it("are the reward of the step and the return so far", () => {
    expect([0, 1, 2, 3].map((k) => rewardWords(film, k))).toEqual([
      "return 0",
      "reward 1 · return 1",
      "reward -0.5 · return 0.5",
      "reward 2 · return 2.5",
    ]);
  });
  it("are nothing where no reward is known", () => {
    expect(rewardWords({ ...film, rewards: new Float64Array(0) }, 2)).toBe("");
  });
});

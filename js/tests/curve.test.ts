import { describe, expect, it } from "vitest";
import { MOST, Series } from "../src/live_view/series";
import { svgOf } from "../src/shared/paper";
import { logarithmic, logTicks } from "../src/shared/warp";

const entry = { panel: "return", series: "episodes", group: 0, kind: "points" } as const;

function rows(values: number[], start = 0, lane: (i: number) => number = () => 0) {
  const index = values.map((_, i) => start + i);
  const all: Record<string, number[]> = {
    episode: index,
    step: index.map((i) => 10 * i),
    time: index,
    value: values,
    cut: index.map(() => 0),
    lane: index.map(lane),
  };
  return (name: string) => (all[name] ? Float64Array.from(all[name] as number[]) : undefined);
}

const all = { axis: "episode", smoothing: 1, lane: null } as const;

describe("what is drawn of a series", () => {
  it("climbs with the best so far, and waits at it", () => {
    const series = new Series(entry);
    series.append(rows([1, 3, 2]));
    series.drawn(all);
    series.append(rows([5, 4], 3));
    const { x, y, n } = series.drawn(all).best.data;
    const steps = Array.from({ length: n }, (_, i) => [x[i], y[i]]);
    expect(steps.at(-1)).toEqual([4, 5]);
    expect(steps).toContainEqual([3, 3]);
    expect([...y.subarray(0, n)]).toEqual([...y.subarray(0, n)].sort((a, b) => a - b));
  });

  it("is one lane where one is chosen", () => {
    const series = new Series(entry);
    series.append(rows([1, 2, 3, 4], 0, (i) => i % 2));
    const { y, n } = series.drawn({ ...all, lane: 1 }).done.data;
    expect([...y.subarray(0, n)]).toEqual([2, 4]);
    expect([...series.lanes].sort()).toEqual([0, 1]);
  });

  it("stays small in a long run, with every extreme, and knows that it is not all", () => {
    const series = new Series(entry);
    const values = Array.from({ length: 100_000 }, (_, i) => Math.sin(i) + (i === 12_345 ? 90 : 0));
    for (let at = 0; at < values.length; at += 5000) series.append(rows(values.slice(at, at + 5000), at));
    expect(series.n).toBeLessThanOrEqual(MOST);
    expect(series.total).toBe(100_000);
    expect(series.complete).toBe(false);
    expect(Math.max(...series.rows.value.values.subarray(0, series.n))).toBeGreaterThan(89);
    expect(series.drawn(all).best.data.y[series.drawn(all).best.data.n - 1]).toBeGreaterThan(89);
  });
});

describe("a logarithmic axis", () => {
  it("goes there and back, through zero too", () => {
    for (const warp of [logarithmic(0.5, 0.5), logarithmic(-200, 3)])
      for (const value of [0.5, 3, 1e6]) expect(warp.from(warp.to(value))).toBeCloseTo(value, 6);
    expect(logarithmic(-200, 3).to(0)).toBe(0);
    expect(logarithmic(-200, 3).to(-200)).toBeLessThan(0);
  });

  it("has round ticks in the window", () => {
    expect(logTicks(1, 1000)).toEqual([1, 10, 100, 1000]);
    expect(logTicks(-50, 50)).toContain(0);
  });
});

it("a picture has a user's words as text, never as markup", () => {
  const svg = svgOf([], { title: '<script>"&\u0000', words: "a < b" }, "dark");
  expect(svg).not.toContain("<script");
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
  expect(parsed.querySelector("parsererror")).toBeNull();
  expect(parsed.documentElement.textContent).toContain('<script>"&');
});

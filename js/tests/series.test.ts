import { describe, expect, it } from "vitest";
import { type Axis, Series } from "../src/live_view/series";
import { visibleRows } from "../src/shared/downsample";

const entry = { panel: "return", series: "return", group: 0, kind: "points" } as const;

function columns(values: number[], extra: Record<string, number[]> = {}) {
  const index = values.map((_, i) => i);
  const all: Record<string, number[]> = {
    episode: index,
    step: index,
    time: index,
    value: values,
    cut: index.map(() => 0),
    ...extra,
  };
  return (name: string) => (all[name] ? Float64Array.from(all[name] as number[]) : undefined);
}

function smoothed(series: Series, axis: Axis, smoothing: number): number[] {
  const { y, n } = series.drawn({ axis, smoothing, lane: null }).line.data;
  return [...y.subarray(0, n)];
}

describe("a series", () => {
  it("grows past its first memory and keeps every row", () => {
    const series = new Series(entry);
    for (let k = 0; k < 50; k++) series.append(columns(Array.from({ length: 100 }, (_, i) => k * 100 + i)));
    expect(series.n).toBe(5000);
    expect(series.rows.value.values[4999]).toBe(4999);
  });

  it("smooths: equal values stay, the first ones are a plain mean", () => {
    const series = new Series(entry);
    series.append(columns([2, 4, 6]));
    expect(smoothed(series, "episode", 20)).toEqual([2, 3, 4]);
  });

  it("passes over what is no number and over unfinished episodes", () => {
    const series = new Series(entry);
    series.append(columns([1, Number.NaN, 1, 99], { cut: [0, 0, 0, 1] }));
    expect(smoothed(series, "step", 10)).toEqual([1, 1]);
  });

  it("smooths a thinned snapshot like the rows that its means stand for", () => {
    const values = Array.from({ length: 400 }, (_, i) => Math.sin(i / 40) + (i % 3));
    const exact = new Series(entry);
    exact.append(columns(values));
    const means = Array.from({ length: 100 }, (_, k) => values.slice(4 * k, 4 * k + 4).reduce((a, b) => a + b) / 4);
    const middle = means.map((_, k) => 4 * k + 1.5);
    const thin = new Series(entry);
    thin.replace(
      columns(values.slice(0, 10), {
        "mean.count": means.map(() => 4),
        "mean.value": means,
        "mean.episode": middle,
        "mean.step": middle,
        "mean.time": middle,
      }),
      400,
    );
    const last = (series: Series) => smoothed(series, "step", 50).at(-1) as number;
    expect(Math.abs(last(exact) - last(thin))).toBeLessThan(0.05);
    expect(thin.total).toBe(400);
  });
});

describe("what is drawn of a long series", () => {
  const n = 100_000;
  const x = Float64Array.from({ length: n }, (_, i) => i);
  const y = Float64Array.from({ length: n }, (_, i) => Math.sin(i) * (i === 77_777 ? 50 : 1));

  it("is little, in order, and has the extremes", () => {
    const rows = visibleRows(x, y, n, 0, n, 1000);
    expect(rows.length).toBeLessThanOrEqual(4002);
    expect(rows).toContain(77_777);
    expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
  });

  it("is every row of a small window, and one on either side", () => {
    const rows = visibleRows(x, y, n, 10, 20, 1000);
    expect([...rows]).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
  });

  it("leaves out rows that are nowhere", () => {
    expect([...visibleRows([0, Number.NaN, 2], [1, 1, 1], 3, 0, 2, 10)]).toEqual([0, 2]);
  });
});

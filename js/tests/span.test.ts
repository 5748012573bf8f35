import { expect, test } from "vitest";
import { covering } from "../src/shared/span";

test("a single value has room around it, and no values have an axis too", () => {
  expect(covering([[[0], 1]]).pad(0.02).ends).toEqual([-0.5, 0.5]);
  expect(covering([[[500], 1]]).pad(0.02).ends).toEqual([475, 525]);
  expect(covering([[[-0.25], 1]]).pad(0.02).ends).toEqual([-0.375, -0.125]);
  expect(covering([]).ends).toEqual([0, 1]);
});

test("many have a margin, and a level is taken in where that does not squeeze them", () => {
  expect(covering([[[0, 50, 100], 3]]).pad(0.1).ends).toEqual([-10, 110]);
  const span = covering([[[0, 100], 2]]);
  span.reach(150, 1.6);
  span.reach(1000, 1.6);
  span.reach(Number.NaN, 1.6);
  expect(span.ends).toEqual([0, 150]);
});

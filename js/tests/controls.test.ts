import { expect, test } from "vitest";
import { Controls, notchOf, valueAt } from "../src/live_view/controls";

const knob = (low: number, high: number, log: boolean, value = low) => ({ name: "lr", low, high, log, value });

test("a slider by factors is in the middle at the geometric mean", () => {
  expect(valueAt(knob(1e-5, 1e-1, true), 500)).toBeCloseTo(1e-3, 8);
  expect(notchOf(knob(1e-5, 1e-1, true, 1e-3))).toBe(500);
});

test("the ends are the very ends, and what lies beyond them stays on the slider", () => {
  for (const log of [true, false]) {
    expect(valueAt(knob(0.1, 7, log), 0)).toBe(0.1);
    expect(valueAt(knob(0.1, 7, log), 1000)).toBe(7);
    expect(notchOf(knob(0.1, 7, log, 100))).toBe(1000);
    expect(notchOf(knob(0.1, 7, log, 0.001))).toBe(0);
  }
});

test("a notch and its value belong together", () => {
  for (const log of [true, false])
    for (const notch of [0, 1, 13, 400, 999, 1000]) {
      const one = knob(0.01, 5, log);
      expect(notchOf({ ...one, value: valueAt(one, notch) })).toBe(notch);
    }
});

test("slow is real time: the environment's own speed, else 30 steps a second", () => {
  const asked: unknown[] = [];
  const controls = new Controls((name, payload) => asked.push([name, payload]), document.createElement("span"));
  const slow = [...controls.el.querySelectorAll("button")].find((button) => button.textContent === "Slow");
  for (const header of [{ fps: 50 }, {}, { fps: 50, pace: 50 }]) {
    controls.show({ state: "running", controls: ["slow"], ...header }, true);
    slow?.click();
  }
  expect(asked).toEqual([50, 30, null].map((pace) => ["slow", { pace }]));
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Connected } from "../src/live_view/connection";
import { remaining } from "../src/live_view/facts";
import { type Header, HeaderBar } from "../src/live_view/header";

const running: Header = { name: "dqn", state: "running", steps: 100, controls: ["stop", "pause", "step"] };
const paused: Header = { ...running, state: "paused" };

describe("the header", () => {
  let said: [string, Record<string, unknown> | undefined][];
  let changes: number;
  let bar: HeaderBar;
  const show = (header: Header, connected: Connected = "on") => bar.show(header, connected);
  const state = () => bar.el.querySelector<HTMLElement>(".rlnb-state")?.textContent;
  const button = (name: string) =>
    [...bar.el.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
  const off = (name: string) => button(name)?.getAttribute("aria-disabled") === "true";
  const later = (ms = 400) => vi.advanceTimersByTime(ms);

  beforeEach(() => {
    vi.useFakeTimers();
    [said, changes] = [[], 0];
    bar = new HeaderBar(
      (name, payload) => said.push([name, payload]),
      () => {
        changes += 1;
      },
      document.createElement("button"),
    );
    document.body.append(bar.el);
    show(running);
  });
  afterEach(() => {
    bar.stop();
    bar.el.remove();
    vi.useRealTimers();
  });

  test("says that a pause waits for the next step, until it is taken", () => {
    button("Pause")?.click();
    show(running);
    expect([state(), off("Pause"), off("Stop")]).toEqual(["running", true, false]); // a step usually comes at once
    const before = changes;
    later();
    expect(changes).toBe(before + 1); // it asks to be drawn again
    show({ ...running, steps: 101 }); // words from beside the loop: the same long update
    expect(state()).toBe("waiting for the next step");
    button("Pause")?.click();
    expect(said).toEqual([["pause", undefined]]); // once
    show({ ...paused, waiting: true }); // heard, but the loop has not come to a step
    expect(state()).toBe("waiting for the next step");
    later();
    show({ ...paused, waiting: true });
    expect(state()).toBe("waiting for the next step");
    show(paused);
    expect([state(), off("Resume"), button("Pause")]).toEqual(["paused", false, undefined]);
  });

  test("says paused when the loop stands, and does not flicker while it takes a single step", () => {
    show({ ...paused, waiting: true });
    expect(state()).toBe("running");
    show(paused);
    expect(state()).toBe("paused");
    button("Step")?.click();
    show({ ...paused, waiting: true });
    expect(state()).toBe("paused");
    show({ ...paused, steps: 101 });
    expect([state(), off("Step")]).toEqual(["paused", false]);
  });

  test("lets a stop and a single step wait as well", () => {
    show(paused);
    button("Step")?.click();
    show(paused);
    later();
    show({ ...paused, waiting: true });
    expect([state(), off("Step"), off("Resume")]).toEqual(["waiting for the next step", true, false]);
    show({ ...paused, steps: 101 });
    expect([state(), off("Step")]).toEqual(["paused", false]);
    button("Stop")?.click();
    show(paused);
    later();
    show(paused);
    expect([state(), off("Step"), off("Stop")]).toEqual(["waiting for the next step", true, true]);
    show({ ...running, state: "stopped", controls: [] });
    expect(state()).toBe("stopped");
    expect(bar.el.textContent).toContain("Everything up to here is kept.");
  });

  test("says where the kernel hears nothing before the cell ends, and what works now", () => {
    show({ ...running, hears: false });
    const note = bar.el.querySelector<HTMLElement>(".rlnb-deaf");
    expect([note?.hidden, note?.textContent]).toEqual([false, expect.stringContaining("own stop button works now.")]);
    button("Pause")?.click();
    show({ ...running, hears: false });
    later();
    show({ ...running, hears: false });
    expect(state()).toBe("waiting for the cell to end");
    show({ ...running, state: "finished", hears: true });
    expect([state(), note?.hidden]).toEqual(["finished", true]);
  });

  test("keeps the focus on the button that was pressed, and gives it to the one that takes its place", () => {
    button("Pause")?.focus();
    button("Pause")?.click();
    show(running);
    expect(document.activeElement).toBe(button("Pause"));
    show(paused);
    expect(document.activeElement).toBe(button("Resume"));
  });

  test("says what stands between the person and a run that goes on, and nothing of it where the run is over", () => {
    show(running, "again");
    expect(state()).toBe("reconnecting …");
    show(running, "off");
    expect([state(), button("Stop")]).toEqual(["disconnected", undefined]);
    show({ ...running, state: "finished" }, "off");
    expect(state()).toBe("finished");
  });

  test("has a name that is changed where it stands", () => {
    const field = bar.el.querySelector("input") as HTMLInputElement;
    const press = (key: string) => field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    button("Rename")?.click();
    expect([document.activeElement, field.value]).toEqual([field, "dqn"]);
    field.value = "something else";
    press("Escape");
    expect(said).toEqual([]);
    button("Rename")?.click();
    show({ ...running, steps: 200 }); // words from Python do not disturb the writing
    field.value = "  wide dqn ";
    press("Enter");
    expect(said).toEqual([["rename", { name: "wide dqn" }]]);
    expect(bar.el.querySelector("h3")?.textContent).toBe("wide dqn");
    show(running, "off");
    expect(button("Rename")?.hidden).toBe(true);
  });

  test("tells how far it is and what is left", () => {
    show({ ...running, steps: 25_000, total_steps: 100_000, rate: 1000 });
    expect(bar.el.querySelector(".rlnb-facts")?.textContent).toContain("25,000of 100,000 steps");
    expect(bar.el.querySelector(".rlnb-facts")?.textContent).toContain("~1:15left");
    expect(bar.el.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("25");
    expect(remaining({ steps: 5, rate: 3 })).toBeNull();
    expect(remaining({ steps: 5, total_steps: 9, rate: 0 })).toBeNull();
    expect(remaining({ steps: 5, total_steps: 9, rate: 2, state: "paused" })).toBeNull();
  });
});

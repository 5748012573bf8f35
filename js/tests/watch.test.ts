import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Watch } from "../src/live_view/watch";

type Sent = [string, Record<string, unknown>];
let sent: Sent[];
let watch: Watch;
const header = { state: "running", controls: ["stop", "watch"], lanes: 4 };
const picture = () => watch.el.querySelector("img") as HTMLImageElement;
const lane = () => watch.el.querySelector("input") as HTMLInputElement;
const wishes = () => sent.splice(0).map(([name, { lane, fresh }]) => [name, lane, fresh]);
const view = () => sent.find(([name]) => name === "watch")?.[1].view as string;
const glance = (id: string, of = 0) =>
  watch.receive({ type: "glance", views: [id], lane: of, words: `Lane ${of}, step 3` }, [new Uint8Array([255, 216])]);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  sent = [];
  watch = new Watch((name, payload = {}) => sent.push([name, payload]));
  document.body.replaceChildren(watch.button, watch.el);
  watch.show(header, true);
});
afterEach(() => {
  watch.destroy();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("asks for nothing until it is opened, and for the next picture when one is on screen", () => {
  vi.advanceTimersByTime(10_000);
  expect(sent).toEqual([]);
  watch.button.click();
  const id = view();
  expect(wishes()).toEqual([["watch", null, true]]);
  vi.advanceTimersByTime(40);
  expect(glance(id)).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]); // not on screen yet
  expect(picture().alt).toBe("The running training, lane 0");
  expect(lane().value).toBe("0");
  picture().dispatchEvent(new Event("load"));
  vi.advanceTimersByTime(0);
  expect(wishes()).toEqual([["watch", null, false]]);
  glance(id);
  picture().dispatchEvent(new Event("load"));
  vi.advanceTimersByTime(99);
  expect(sent).toEqual([]); // ten a second
  vi.advanceTimersByTime(1);
  expect(wishes()).toHaveLength(1);
});

it("says a wish again that was not answered, and asks later after a word of why", () => {
  watch.button.click();
  const id = view();
  wishes();
  vi.advanceTimersByTime(3000);
  expect(wishes()).toEqual([["watch", null, true]]);
  watch.receive({ type: "glance_note", views: [id], text: "Lane 0 takes no steps now." }, []);
  expect(watch.el.textContent).toContain("Lane 0 takes no steps now.");
  vi.advanceTimersByTime(1000);
  expect(wishes()).toHaveLength(1);
});

it("takes the lane that was chosen, and no late picture of the one before", () => {
  watch.button.click();
  const id = view();
  wishes();
  lane().value = "9";
  lane().dispatchEvent(new Event("change"));
  expect(wishes()).toEqual([["watch", 3, true]]);
  lane().value = "2";
  lane().dispatchEvent(new Event("change"));
  expect(wishes()).toEqual([["watch", 2, true]]);
  glance(id, 0);
  expect(picture().hidden).toBe(true);
  glance("another view", 2);
  expect(picture().hidden).toBe(true);
  glance(id, 2);
  expect(picture().hidden).toBe(false);
});

it("leaves what is being typed alone", () => {
  watch.button.click();
  const id = view();
  lane().value = "2";
  lane().dispatchEvent(new Event("input"));
  glance(id, 0);
  expect(lane().value).toBe("2");
});

it("asks for nothing in a hidden tab, and goes on when it is back", () => {
  watch.button.click();
  const id = view();
  wishes();
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  glance(id);
  picture().dispatchEvent(new Event("load"));
  vi.advanceTimersByTime(20_000);
  expect(sent).toEqual([]);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(wishes()).toHaveLength(1);
});

it("closes by Escape, by its button and with the run, and says so", () => {
  watch.button.click();
  wishes();
  watch.el.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  expect(wishes()).toEqual([["unwatch", undefined, undefined]]);
  expect(watch.button.getAttribute("aria-pressed")).toBe("false");
  watch.button.click();
  watch.show({ ...header, state: "finished", controls: [] }, false);
  expect(watch.el.hidden).toBe(true);
  expect(watch.button.hidden).toBe(true);
  vi.advanceTimersByTime(20_000);
  expect(wishes().map(([name]) => name)).toEqual(["watch", "unwatch"]);
});

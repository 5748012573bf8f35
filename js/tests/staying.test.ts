// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { staying } from "../src/shared/staying";
import type { Model, RenderArguments } from "../src/shared/types";

type Listener = (...args: never[]) => void;

/** A model of one view, as anywidget makes one for each. */
class Fake implements Model {
  readonly listeners = new Map<string, Set<Listener>>();
  constructor(private readonly name: string) {}
  get = (trait: string) => (trait === "static_style" ? this.name : undefined);
  set() {}
  save_changes() {}
  send = vi.fn();
  on = (event: string, fn: Listener) => this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(fn));
  off = (event: string, fn: Listener) => this.listeners.get(event)?.delete(fn);
  emit(event: string) {
    for (const fn of this.listeners.get(event) ?? []) (fn as () => void)();
  }
}

const undo = vi.fn();
const heard = vi.fn();
const render = vi.fn(({ model, el }: RenderArguments) => {
  model.on("msg:custom", heard as Listener);
  el.append(document.createElement("canvas"));
  return undo;
});
const widget = staying({ render });
const place = () => document.body.appendChild(document.createElement("div"));

beforeEach(() => {
  vi.useFakeTimers();
  for (const fn of [undo, heard, render]) fn.mockClear();
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

it("a view that is displayed again at once is the same view, on the new line", () => {
  const [first, second] = [new Fake("a"), new Fake("a")];
  const gone = widget.render({ model: first, el: place() });
  const canvas = document.querySelector("canvas");
  gone();
  const el = place();
  const end = widget.render({ model: second, el });
  expect(render).toHaveBeenCalledTimes(1);
  expect(el.querySelector("canvas")).toBe(canvas);
  first.emit("msg:custom");
  expect(heard).not.toHaveBeenCalled();
  second.emit("msg:custom");
  expect(heard).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(undo).not.toHaveBeenCalled();
  end();
});

it("a view that stays away is undone", () => {
  widget.render({ model: new Fake("b"), el: place() })();
  expect(undo).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_001);
  expect(undo).toHaveBeenCalledTimes(1);
});

it("two views of one widget are two", () => {
  const ends = [place(), place()].map((el) => widget.render({ model: new Fake("c"), el }));
  expect(render).toHaveBeenCalledTimes(2);
  for (const end of ends) end();
  vi.runAllTimers();
  expect(undo).toHaveBeenCalledTimes(2);
});

it("a widget without a name is undone at once", () => {
  widget.render({ model: new Fake(""), el: place() })();
  expect(undo).toHaveBeenCalledTimes(1);
});

it("the static picture is hidden by a style that goes with the view", () => {
  const el = place();
  const end = widget.render({ model: new Fake(".x { display: none }"), el });
  expect(el.querySelector("style")?.textContent).toBe(".x { display: none }");
  end();
  expect(el.querySelector("style")).toBeNull();
});

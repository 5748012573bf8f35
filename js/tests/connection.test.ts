import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection, type Listener } from "../src/live_view/connection";
import { FakeModel, frame } from "./fake";

const types = (model: FakeModel) => model.sent.splice(0).map((content) => content.type);

describe("the view's end of the gate", () => {
  let model: FakeModel;
  let listener: { [K in keyof Listener]: ReturnType<typeof vi.fn> };
  let connection: Connection;
  let id: unknown;

  const tick = (seq: number) => model.emit({ type: "tick", seq }, [frame({ seq })]);
  const snapshot = (seq: number) => model.emit({ type: "snapshot", seq, to: id }, [frame({ seq })]);

  beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel();
    const names = ["snapshot", "tick", "film", "filmProgress", "filmError", "error", "connected"] as const;
    listener = Object.fromEntries(names.map((name) => [name, vi.fn()])) as never;
    connection = new Connection(model, listener as unknown as Listener);
    id = model.sent[0]?.view;
  });
  afterEach(() => {
    connection.close();
    vi.useRealTimers();
  });

  it("says hello, takes the snapshot and acknowledges every third tick, the others soon after", () => {
    expect(types(model)).toEqual(["hello"]);
    tick(4); // before the snapshot, which will have it
    expect(listener.tick).not.toHaveBeenCalled();
    snapshot(4);
    tick(5);
    tick(6);
    expect(listener.snapshot).toHaveBeenCalledOnce();
    expect(listener.tick).toHaveBeenCalledTimes(2);
    expect(model.sent.splice(0)).toEqual([4, 6].map((seq) => ({ type: "ack", seq })));
    tick(7);
    tick(8);
    expect(model.sent).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(model.sent).toEqual([{ type: "ack", seq: 8 }]);
  });

  it("takes the answer to a click at once, and acknowledges nothing", () => {
    snapshot(4);
    types(model);
    model.emit({ type: "answer" }, [frame({ header: { state: "paused" }, series: [] })]);
    expect(listener.tick).toHaveBeenCalledOnce();
    tick(5);
    expect(listener.tick).toHaveBeenCalledTimes(2);
    expect(types(model)).toEqual([]);
  });

  it("answers a gap with a hello and ignores ticks until the snapshot", () => {
    snapshot(1);
    types(model);
    tick(3);
    expect(types(model)).toEqual(["hello"]);
    tick(4);
    snapshot(4);
    tick(5);
    expect(listener.tick).toHaveBeenCalledOnce();
  });

  it("takes no tick twice", () => {
    snapshot(3);
    tick(3);
    tick(2);
    expect(listener.tick).not.toHaveBeenCalled();
  });

  it("ignores the snapshot of another view", () => {
    model.emit({ type: "snapshot", seq: 9, to: "somebody else" }, [frame({})]);
    expect(listener.snapshot).not.toHaveBeenCalled();
  });

  it("says when nobody answers, asks again, and comes back", () => {
    vi.advanceTimersByTime(5000);
    expect(listener.connected).toHaveBeenLastCalledWith("off");
    vi.advanceTimersByTime(15000);
    expect(types(model)).toEqual(["hello", "hello", "hello"]);
    snapshot(0);
    expect(listener.connected).toHaveBeenLastCalledWith("on");
  });

  it("says one hello to a kernel that cannot hear, and no second", () => {
    connection.hears = false;
    vi.advanceTimersByTime(3600_000);
    expect(types(model)).toEqual(["hello"]);
    snapshot(0); // the cell has ended
    expect(listener.connected).toHaveBeenLastCalledWith("on");
    connection.command("stop");
    types(model);
    vi.advanceTimersByTime(3600_000);
    expect(types(model)).toEqual([]);
  });

  it("asks whether anyone is there when a running session falls silent", () => {
    snapshot(0);
    types(model);
    vi.advanceTimersByTime(60000);
    expect(types(model)).toEqual([]);
    connection.expectsTicks = true;
    tick(1);
    types(model);
    vi.advanceTimersByTime(6000);
    expect(types(model)).toEqual(["ack", "hello"]);
    expect(listener.connected).toHaveBeenLastCalledWith("again");
    snapshot(1);
    expect(listener.connected).toHaveBeenLastCalledWith("on");
  });

  it("tells the view when a message cannot be taken in, and takes in the next", () => {
    model.emit({ type: "snapshot", seq: 1, to: id }, [new Uint8Array(16)]);
    expect(listener.error.mock.calls[0]?.[0]).toContain("could not take in");
    snapshot(2);
    expect(listener.snapshot).toHaveBeenCalledOnce();
  });

  it("asks whether anyone is there when a command changes nothing", () => {
    snapshot(0);
    connection.command("replay", { episode: "best" });
    types(model);
    vi.advanceTimersByTime(5000);
    expect(types(model)).toEqual(["hello"]);
    vi.advanceTimersByTime(5000);
    expect(listener.connected).toHaveBeenLastCalledWith("off");
  });

  it("passes an unknown message on as an error", () => {
    model.emit({ type: "dance" });
    expect(listener.error.mock.calls[0]?.[0]).toContain("dance");
  });

  it("listens to nothing after its end", () => {
    connection.close();
    expect(model.listening).toBe(0);
  });
});

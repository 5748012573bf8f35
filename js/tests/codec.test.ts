import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode } from "../src/shared/codec";

// Written by tests/widgets/test_codec.py, which also checks that it is still what Python writes.
const file = readFileSync("tests/fixtures/frame.bin");
const whole = new Uint8Array(file);

/** The bytes as a view that begins `shift` bytes into its buffer. */
function shifted(shift: number): Uint8Array {
  const buffer = new ArrayBuffer(whole.length + shift + 5);
  new Uint8Array(buffer).set(whole, shift);
  return new Uint8Array(buffer, shift, whole.length);
}

describe("a frame from Python", () => {
  const u8 = shifted(3);
  it.each([
    ["ArrayBuffer", whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length)],
    ["Uint8Array", whole],
    ["an unaligned Uint8Array", u8],
    ["DataView", new DataView(u8.buffer, u8.byteOffset, u8.byteLength)],
    ["an aligned DataView inside a larger buffer", new DataView(shifted(16).buffer, 16, whole.length)],
  ])("is read from %s", (_, data) => {
    const { meta, columns } = decode(data as ArrayBuffer);
    expect(meta).toEqual({ name: "Größe 🤖", n: 3 });
    expect([...(columns.get("i8") ?? [])]).toEqual([1, -2, 3]);
    expect([...(columns.get("large") ?? [])]).toEqual([2 ** 40]);
    expect([...(columns.get("f8") ?? [])]).toEqual([0.1, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(columns.get("f4")).toEqual(new Float32Array([0.5]));
    expect(columns.get("u1")).toEqual(new Uint8Array([1, 0, 1]));
    expect(columns.get("i2")).toEqual(new Int16Array([-7]));
    expect(columns.get("empty")?.length).toBe(0);
  });

  it("is refused when it is none", () => {
    expect(() => decode(new TextEncoder().encode("hello, world"))).toThrow("no rlnb frame");
    expect(() => decode(new Uint8Array(3))).toThrow("at least 8 bytes");
  });
});

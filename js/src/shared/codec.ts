import type { Bytes } from "./types";

/** The columns a frame can carry. */
export type Column =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface Frame {
  meta: Record<string, unknown>;
  columns: Map<string, Column>;
}

const kinds = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
} as const;

interface Header {
  meta: Record<string, unknown>;
  columns: { name: string; kind: keyof typeof kinds; at: number; length: number }[];
}

const MAGIC = 0x31424c52; // "RLB1", little-endian

/** The same bytes as a `Uint8Array`, whatever the host made of them. */
export function toBytes(data: Bytes): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/**
 * Reads a frame written by `rlnb/widgets/codec.py`: magic, header length, a JSON header, then columns aligned to 8 bytes.
 * The columns are views on the message's memory (a copy of it where the host gave it unaligned).
 */
export function decode(data: Bytes): Frame {
  let bytes = toBytes(data);
  if (bytes.byteLength < 8) throw new Error(`a frame has at least 8 bytes, this one ${bytes.byteLength}`);
  if (bytes.byteOffset % 8 !== 0) bytes = bytes.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("these bytes are no rlnb frame");
  const size = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size))) as Header;
  const columns = new Map<string, Column>();
  for (const { name, kind, at, length } of header.columns) {
    const type = kinds[kind];
    if (type === undefined) throw new Error(`unknown column kind "${kind}" in a frame`);
    columns.set(name, new type(bytes.buffer as ArrayBuffer, bytes.byteOffset + 8 + size + at, length));
  }
  return { meta: header.meta, columns };
}

import { decode, toBytes } from "../shared/codec";
import type { Bytes } from "../shared/types";
import type { Film } from "./film";

/** The films of a message: `meta` has one entry a film, `buffers` two (the video, and its rewards as a frame). */
export function filmsOf(meta: unknown, buffers: Bytes[]): Film[] {
  return (meta as Record<string, unknown>[]).map((one, i) => {
    const [video, numbers] = [buffers[2 * i], buffers[2 * i + 1]];
    if (!video || !numbers) throw new Error(`film ${i} came without its buffers`);
    return {
      bytes: toBytes(video),
      mime: String(one.mime ?? "video/mp4"),
      fps: Number(one.fps),
      frames: Number(one.frames),
      width: Number(one.width),
      height: Number(one.height),
      stride: Number(one.stride ?? 1),
      verdict: String(one.verdict),
      words: String(one.words),
      caption: String(one.caption),
      rewards: Float64Array.from(decode(numbers).columns.get("rewards") ?? []),
    };
  });
}

import { decode, toBytes } from "../shared/codec";
import type { Bytes } from "../shared/types";
import type { Film } from "./film";
import { storyOf } from "./story";

/** The films of a message: `meta` has one entry a film, `buffers` its video, its numbers as a frame and, where `seen` says
 * so, the video of what the agent saw. */
export function filmsOf(meta: unknown, buffers: Bytes[]): Film[] {
  let next = 0;
  return (meta as Record<string, unknown>[]).map((one, i) => {
    const [video, numbers] = [buffers[next++], buffers[next++]];
    const seen = one.seen ? buffers[next++] : null;
    if (!video || !numbers || seen === undefined) throw new Error(`film ${i} came without its buffers`);
    const frame = decode(numbers);
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
      rewards: Float64Array.from(frame.columns.get("rewards") ?? []),
      seen: seen ? toBytes(seen) : null,
      story: storyOf(frame),
    };
  });
}

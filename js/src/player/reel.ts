import { h, on, undoAll } from "../shared/dom";
import { frameAt, timeOf } from "./time";

/** One video, sought to exact frames; the last wish wins. */
export class Reel {
  readonly video: HTMLVideoElement;
  private readonly url: string;
  private seeking = false;
  private wanted: number | null = null;
  private readonly undo: () => void;

  constructor(
    bytes: Uint8Array,
    mime: string,
    label: string,
    private readonly fps: number,
    private readonly frames: number,
    unplayable: () => void,
  ) {
    this.url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: mime }));
    this.video = h("video", { playsinline: true, preload: "auto", "aria-label": label });
    this.video.muted = true;
    this.undo = undoAll([
      on(this.video, "error", () => unplayable()),
      on(this.video, "seeked", () => {
        this.seeking = false;
        if (this.wanted !== null) this.seek(this.wanted);
      }),
      on(this.video, "loadedmetadata", () => {
        if (this.wanted !== null) this.seek(this.wanted);
      }),
    ]);
    this.video.src = this.url;
  }

  /** The frame that is on the screen now. */
  get frame(): number {
    return this.video.ended ? this.frames - 1 : frameAt(this.video.currentTime, this.fps, this.frames);
  }

  set rate(rate: number) {
    this.video.playbackRate = Math.min(16, Math.max(0.0625, rate));
  }

  play(): void {
    this.video.play().catch(() => {}); // a browser that wants a click first: the button is there
  }

  /** Show frame `k`: at once, or as soon as the seek before it is through. */
  seek(k: number): void {
    if (this.seeking || this.video.readyState < 1) {
      this.wanted = k;
      return;
    }
    this.wanted = null;
    const time = timeOf(k, this.fps);
    this.video.dataset.frame = String(k);
    if (Math.abs(this.video.currentTime - time) < 1e-6) return;
    this.seeking = true;
    this.video.currentTime = time;
  }

  destroy(): void {
    this.undo();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
  }
}

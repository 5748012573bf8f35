import { h, on, undoAll } from "../shared/dom";
import { type Film, rewardWords } from "./film";
import { frameAt, timeOf } from "./time";

type Watched = HTMLVideoElement & {
  requestVideoFrameCallback?: (call: (now: number, data: { mediaTime: number }) => void) => number;
};

const BADGES: Record<string, string> = {
  exact: "exact",
  diverged: "diverged",
  "recorded frames": "recorded frames",
};

/** One film's picture with its caption and badge. Seeks to exact frames; the last wish wins. */
export class Screen {
  readonly el: HTMLElement;
  private readonly video: Watched;
  private readonly reward = h("span", { class: "rlnb-player-reward" });
  private readonly url: string;
  private seeking = false;
  private wanted: number | null = null;
  private readonly undo: () => void;

  constructor(
    readonly film: Film,
    unplayable: () => void,
  ) {
    this.url = URL.createObjectURL(new Blob([film.bytes as BlobPart], { type: film.mime }));
    this.video = h("video", { playsinline: true, preload: "auto", "aria-label": film.caption }) as Watched;
    this.video.muted = true;
    this.video.width = film.width;
    this.video.height = film.height;
    const badge = h("span", { class: "rlnb-badge", title: film.words }, BADGES[film.verdict] ?? film.verdict);
    badge.dataset.verdict = film.verdict;
    const words = film.verdict === "exact" ? null : h("p", { class: "rlnb-player-words" }, film.words);
    const caption = h("figcaption", {}, badge, h("span", { class: "rlnb-player-caption" }, film.caption), this.reward);
    this.el = h("figure", { class: "rlnb-player-figure" }, this.video, caption, words);
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
    return this.ended ? this.film.frames - 1 : frameAt(this.video.currentTime, this.film.fps, this.film.frames);
  }

  get ended(): boolean {
    return this.video.ended;
  }

  set rate(rate: number) {
    this.video.playbackRate = Math.min(16, Math.max(0.0625, rate));
  }

  play(): void {
    this.video.play().catch(() => {}); // a browser that wants a click first: the button is there
  }

  pause(): void {
    this.video.pause();
  }

  /** Show frame `k`: at once, or as soon as the seek before it is through. */
  seek(k: number): void {
    if (this.seeking || this.video.readyState < 1) {
      this.wanted = k;
      return;
    }
    this.wanted = null;
    const time = timeOf(k, this.film.fps);
    this.video.dataset.frame = String(k);
    if (Math.abs(this.video.currentTime - time) < 1e-6) return;
    this.seeking = true;
    this.video.currentTime = time;
  }

  /** The words under the picture at frame `k`. */
  paint(k: number): void {
    this.reward.textContent = rewardWords(this.film, k);
  }

  destroy(): void {
    this.undo();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
    this.el.remove();
  }
}

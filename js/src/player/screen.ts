import { h } from "../shared/dom";
import type { Theme } from "../shared/theme";
import { type Film, rewardWords } from "./film";
import { Inspector } from "./inspector";
import { Reel } from "./reel";
import { stepOf } from "./time";
import { Timeline } from "./timeline";

const BADGES: Record<string, string> = {
  exact: "exact",
  diverged: "diverged",
  "recorded frames": "recorded frames",
};

interface Place {
  /** Steps on the time axis: those of the longest film shown. */
  steps: number;
  theme: Theme;
  scrub(step: number): void;
  unplayable(): void;
}

/** One film: its picture (and what the agent saw), caption and badge, timeline and inspector. */
export class Screen {
  readonly el: HTMLElement;
  readonly inspector: Inspector | null;
  private readonly reel: Reel;
  private readonly eye: Reel | null;
  private readonly timeline: Timeline;
  private readonly reward = h("span", { class: "rlnb-player-reward" });

  constructor(
    readonly film: Film,
    place: Place,
  ) {
    this.reel = new Reel(film.bytes, film.mime, film.caption, film.fps, film.frames, place.unplayable);
    this.reel.video.width = film.width;
    this.reel.video.height = film.height;
    this.eye = film.seen
      ? new Reel(film.seen, "video/mp4", "What the agent saw", film.fps, film.frames, () => this.eye?.video.remove())
      : null;
    this.eye?.video.classList.add("rlnb-player-eye");
    this.timeline = new Timeline(film, place.steps, place.theme, place.scrub);
    this.inspector = film.story ? new Inspector(film, film.story) : null;
    const badge = h("span", { class: "rlnb-badge", title: film.words }, BADGES[film.verdict] ?? film.verdict);
    badge.dataset.verdict = film.verdict;
    const words = film.verdict === "exact" ? null : h("p", { class: "rlnb-player-words" }, film.words);
    const caption = h("figcaption", {}, badge, h("span", { class: "rlnb-player-caption" }, film.caption), this.reward);
    const pictures = h("div", { class: "rlnb-player-pictures" }, this.reel.video, this.eye?.video);
    this.el = h("figure", { class: "rlnb-player-figure" }, pictures, caption, words, this.timeline.el);
    if (this.inspector) this.el.append(this.inspector.el);
  }

  /** The frame that is on the screen now. */
  get frame(): number {
    return this.reel.frame;
  }

  get ended(): boolean {
    return this.reel.video.ended;
  }

  set rate(rate: number) {
    this.reel.rate = rate;
    if (this.eye) this.eye.rate = rate;
  }

  play(): void {
    this.reel.play();
    this.eye?.play();
  }

  pause(): void {
    this.reel.video.pause();
    this.eye?.video.pause();
  }

  seek(k: number): void {
    this.reel.seek(k);
    this.eye?.seek(k);
  }

  /** What stands under the picture at frame `k`; `step` is the playhead of the longest film. */
  paint(k: number): void {
    const { film } = this;
    this.reward.textContent = rewardWords(film, k);
    const step = stepOf(k, film.stride, film.frames, film.rewards.length || film.frames - 1);
    this.timeline.show(step);
    if (this.inspector && !this.inspector.el.hidden) this.inspector.show(step);
    if (this.eye && Math.abs(this.eye.frame - k) > 2) this.eye.seek(k);
  }

  setTheme(theme: Theme): void {
    this.timeline.setTheme(theme);
  }

  destroy(): void {
    this.reel.destroy();
    this.eye?.destroy();
    this.timeline.destroy();
    this.el.remove();
  }
}

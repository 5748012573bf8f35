import { toBytes } from "../shared/codec";
import { h } from "../shared/dom";
import type { Bytes } from "../shared/types";

/** The place under the charts where an episode is played: waiting, progress, the player, or why there is none. */
export class FilmArea {
  readonly el = h("section", { class: "rlnb-film", "aria-label": "Replay", hidden: true });
  private readonly bar = h("i");
  private readonly text = h("p", { class: "rlnb-film-text", role: "status" });
  private readonly progressBar = h(
    "div",
    { class: "rlnb-progress", role: "progressbar", "aria-label": "Replay progress" },
    this.bar,
  );
  private readonly stage = h("div", { class: "rlnb-film-stage" });
  private undo: () => void = () => {};

  constructor() {
    this.el.append(this.text, this.progressBar, this.stage);
  }

  /** An episode was asked for. */
  wait(episode: string | number): void {
    const what = typeof episode === "number" ? `episode ${episode}` : `the ${episode} episode`;
    this.show(`Running ${what} again …`);
    this.progressBar.hidden = false;
    this.bar.style.width = "0";
  }

  progress(done: number, total: number): void {
    this.el.hidden = this.progressBar.hidden = false;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    this.bar.style.width = `${share * 100}%`;
    this.progressBar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  /** Plays a film that has come; the browser's own controls, and what is known of it in words. */
  play(meta: Record<string, unknown>, mp4: Bytes): void {
    this.undo();
    const url = URL.createObjectURL(new Blob([toBytes(mp4) as BlobPart], { type: "video/mp4" }));
    const caption = String(meta.caption ?? "");
    const video = h("video", { src: url, controls: true, loop: true, playsinline: true, "aria-label": caption });
    video.muted = true;
    video.width = Number(meta.width) || 0;
    const verdict = String(meta.verdict ?? "");
    const badge = h("span", { class: "rlnb-badge", title: String(meta.words ?? "") }, verdict);
    badge.dataset.verdict = verdict;
    video.addEventListener("error", () =>
      this.fail("This browser cannot play H.264 video. s.save_video(…) writes a file."),
    );
    this.stage.replaceChildren(video, h("p", { class: "rlnb-film-caption" }, badge, caption));
    this.undo = () => {
      video.removeAttribute("src");
      this.stage.replaceChildren();
      URL.revokeObjectURL(url);
    };
    this.el.hidden = false;
    this.text.hidden = this.progressBar.hidden = true;
    video.play().catch(() => {}); // a browser that wants a click first shows its play button
  }

  fail(text: string): void {
    this.show(text);
    this.el.dataset.failed = "true";
    this.progressBar.hidden = true;
  }

  destroy(): void {
    this.undo();
    this.el.remove();
  }

  private show(text: string): void {
    delete this.el.dataset.failed;
    this.el.hidden = this.text.hidden = false;
    this.text.textContent = text;
  }
}

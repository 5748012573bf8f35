import { h } from "../shared/dom";
import type { Theme } from "../shared/theme";
import type { Film } from "./film";
import { Player } from "./player";

/** The place where episodes are played: waiting, progress, the player, or why there is none. */
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
  private player: Player | null = null;
  private theme: Theme = "light";

  /** `unplayable` is called when the browser cannot play what came. */
  constructor(private readonly unplayable: () => void) {
    this.el.append(this.text, this.progressBar, this.stage);
  }

  /** An episode was asked for. */
  wait(what: string): void {
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

  /** Plays films that have come. */
  play(films: Film[]): void {
    if (!this.player) {
      this.player = new Player(() => this.unplayable());
      this.player.setTheme(this.theme);
      this.stage.append(this.player.el);
    }
    this.el.hidden = false;
    this.stage.hidden = false;
    this.text.hidden = this.progressBar.hidden = true;
    this.player.show(films);
  }

  fail(text: string): void {
    this.show(text);
    this.el.dataset.failed = "true";
    this.progressBar.hidden = true;
    this.stage.hidden = true;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.player?.setTheme(theme);
  }

  destroy(): void {
    this.player?.destroy();
    this.el.remove();
  }

  private show(text: string): void {
    delete this.el.dataset.failed;
    this.el.hidden = this.text.hidden = false;
    this.text.textContent = text;
  }
}

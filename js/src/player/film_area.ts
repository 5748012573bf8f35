import { toBytes } from "../shared/codec";
import { h } from "../shared/dom";
import { download } from "../shared/download";
import type { Theme } from "../shared/theme";
import type { Bytes, Content } from "../shared/types";
import type { Film } from "./film";
import { filmsOf } from "./films";
import { Player } from "./player";
import { type Command, Wishes } from "./wishes";

export interface FilmOptions {
  /** Whether another episode is chosen here (in the live view the toolbar does that). */
  choosing: boolean;
}

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
  private wishes: Wishes | null = null;
  private theme: Theme = "light";

  /** `command` reaches the kernel; null where there is none, as in a saved page. */
  constructor(
    private readonly command: Command | null,
    private readonly options: FilmOptions = { choosing: false },
  ) {
    this.el.append(this.text, this.progressBar, this.stage);
  }

  /** Takes a message of the kernel in, if it is one about films; says whether it was. */
  receive(content: Content, buffers: Bytes[]): boolean {
    switch (content.type) {
      case "films":
        this.play(filmsOf(content.films, buffers));
        return true;
      case "film_progress":
        this.progress(Number(content.done), Number(content.total));
        return true;
      case "film_error":
        this.fail(String(content.text));
        return true;
      case "film_notice":
        this.wishes?.fail(String(content.text));
        return true;
      case "film_file":
        download(
          String(content.name),
          new Blob([toBytes(buffers[0] as Bytes) as BlobPart], { type: String(content.mime) }),
        );
        return true;
      case "film_thumbnail":
        this.wishes?.thumbnail(Number(content.episode), String(content.words), toBytes(buffers[0] as Bytes));
        return true;
      default:
        return false;
    }
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
      const player = new Player(() => this.unplayable());
      this.player = player;
      player.setTheme(this.theme);
      this.stage.append(player.el);
      if (this.command) {
        const busy = (what: string) => this.wait(what);
        this.wishes = new Wishes(this.command, () => player.step, busy, this.options.choosing);
        this.stage.append(this.wishes.el);
      }
    }
    delete this.el.dataset.failed;
    this.el.hidden = false;
    this.stage.hidden = false;
    this.text.hidden = this.progressBar.hidden = true;
    this.player.show(films);
    this.wishes?.show(films);
  }

  /** Says why there is no film; one that was there before stays. */
  fail(text: string): void {
    this.show(text);
    this.el.dataset.failed = "true";
    this.progressBar.hidden = true;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.player?.setTheme(theme);
  }

  destroy(): void {
    this.player?.destroy();
    this.wishes?.destroy();
    this.el.remove();
  }

  private unplayable(): void {
    if (this.command) this.command("webm");
    else this.fail("This browser plays no H.264 video, and the page carries no other. Another browser will play it.");
  }

  private show(text: string): void {
    delete this.el.dataset.failed;
    this.el.hidden = this.text.hidden = false;
    this.text.textContent = text;
  }
}

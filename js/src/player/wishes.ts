import { h } from "../shared/dom";
import type { Film } from "./film";
import { actionName, actionWidth, type Story } from "./story";

/** Tells the kernel what the person asks for. */
export type Command = (name: string, payload?: Record<string, unknown>) => void;

const EPISODES = [
  ["best", "best episode"],
  ["worst", "worst episode"],
  ["median", "median episode"],
  ["longest", "longest episode"],
  ["first success", "first success"],
  ["last", "last episode"],
  ["number", "episode number…"],
] as const;

const FUTURES: Record<string, string> = {
  recorded: "then the recorded actions",
  random: "then random actions",
  policy: "then the policy as it is now",
};

const FORMATS = ["mp4", "webm", "gif", "png", "html"] as const;
const FORMAT_WORDS = {
  mp4: "video .mp4",
  webm: "video .webm",
  gif: "picture .gif",
  png: "strip .png",
  html: "page .html",
};

/** What can be asked of the kernel under the picture: another episode, pictures over the training, a file, another future. */
export class Wishes {
  readonly el = h("div", { class: "rlnb-wishes", "data-lm-suppress-shortcuts": "true" }); // keys are typed here
  private readonly thumbs = h("div", { class: "rlnb-thumbs", role: "group", "aria-label": "Over the training" });
  private readonly future = h("form", { class: "rlnb-wishes-form", "aria-label": "What if", hidden: true });
  private readonly over = h("button", { class: "rlnb-button", type: "button" }, "Over training");
  private films: Film[] = [];
  private urls: string[] = [];

  /** `step` is the step that the player shows; `busy` is called with words while a film is made. */
  constructor(
    private readonly command: Command,
    private readonly step: () => number,
    private readonly busy: (what: string) => void,
    choosing: boolean,
  ) {
    const over = this.over;
    over.title = "Small pictures of episodes from the first to the last";
    over.addEventListener("click", () => {
      over.disabled = true;
      this.say("Running some episodes again …");
      this.command("thumbnails");
    });
    const row = h("div", { class: "rlnb-wishes-row" }, choosing && this.chooser(), choosing && over, this.saver());
    this.el.append(this.thumbs, row, this.future);
    this.future.addEventListener("submit", (event) => {
      event.preventDefault();
      this.tryOut();
    });
  }

  /** Films came: another future can be tried of the first that is exact. */
  show(films: Film[]): void {
    this.films = films;
    const story = this.original?.story;
    this.future.hidden = !story;
    if (story) this.offer(story);
  }

  /** A small picture of an episode came. */
  thumbnail(episode: number, words: string, png: Uint8Array): void {
    const url = URL.createObjectURL(new Blob([png as BlobPart], { type: "image/png" }));
    this.urls.push(url);
    const button = h(
      "button",
      { class: "rlnb-thumb", type: "button", title: `Play ${words}`, "aria-label": `Play ${words}` },
      h("img", { src: url, alt: "" }),
      h("span", {}, words),
    );
    button.addEventListener("click", () => this.choose(episode));
    if (this.thumbs.firstElementChild?.tagName === "P") this.thumbs.replaceChildren();
    this.thumbs.append(button);
  }

  /** Words in the place of the small pictures. */
  say(text: string): void {
    this.thumbs.replaceChildren(h("p", { role: "status" }, text));
  }

  /** What was asked for could not be done. */
  fail(text: string): void {
    this.over.disabled = false;
    this.say(text);
  }

  destroy(): void {
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.el.remove();
  }

  private get original(): Film | undefined {
    return this.films.find((film) => film.story && film.story.futures.length > 0);
  }

  private choose(episode: string | number): void {
    this.busy(typeof episode === "number" ? `episode ${episode}` : `the ${episode} episode`);
    this.command("choose", { episode });
  }

  private chooser(): HTMLElement {
    const select = h("select", { class: "rlnb-select", "aria-label": "Episode to play" });
    for (const [value, words] of EPISODES) select.append(h("option", { value }, words));
    const field = h("input", { class: "rlnb-input", type: "number", min: 0, step: 1, value: 0, hidden: true });
    field.setAttribute("aria-label", "Episode number");
    select.addEventListener("change", () => {
      field.hidden = select.value !== "number";
      if (!field.hidden) field.focus();
    });
    const form = h("form", {}, select, field, h("button", { class: "rlnb-button", type: "submit" }, "Choose"));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // a notebook takes the key for itself, and the form would not be sent
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.choose(select.value === "number" ? Math.floor(Number(field.value)) : select.value);
    });
    return form;
  }

  private saver(): HTMLElement {
    const select = h("select", { class: "rlnb-select", "aria-label": "File to save" });
    for (const format of FORMATS) select.append(h("option", { value: format }, FORMAT_WORDS[format]));
    const form = h("form", {}, select, h("button", { class: "rlnb-button", type: "submit" }, "Save"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.command("save", { format: select.value });
    });
    return form;
  }

  /** The form of another future: its actions are those of this story. */
  private offer(story: Story): void {
    const label = (name: string) => ({ class: "rlnb-select", "aria-label": name });
    const action =
      story.actionCount > 0
        ? h("select", { ...label("Action to take instead"), name: "action" })
        : h("input", {
            class: "rlnb-input",
            name: "action",
            placeholder: `${actionWidth(story)} numbers, or none`,
            "aria-label": "Action to take instead",
          });
    for (let i = 0; i < story.actionCount; i++)
      action.append(h("option", { value: i + story.actionStart }, actionName(story, i)));
    if (story.actionCount > 0) action.append(h("option", { value: "" }, "no other action"));
    const then = h("select", { ...label("Who goes on"), name: "future" });
    for (const name of story.futures) then.append(h("option", { value: name }, FUTURES[name] ?? name));
    const go = h("button", { class: "rlnb-button", type: "submit" }, "What if");
    go.title = "From the step that is shown, another future beside this one";
    this.future.replaceChildren(h("span", {}, "From this step"), action, then, go);
  }

  private tryOut(): void {
    const original = this.original;
    if (!original) return;
    const value = (name: string) =>
      (this.future.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement).value;
    const discrete = (original.story as Story).actionCount > 0;
    const text = value("action").trim();
    const action = text === "" ? null : discrete ? Number(text) : text.split(/[\s,;]+/).map(Number);
    this.busy("another future");
    const step = Math.min(this.step(), original.rewards.length);
    this.command("what_if", { film: this.films.indexOf(original), step, action, future: value("future") });
  }
}

import { h } from "../shared/dom";
import type { Film } from "./film";
import {
  actionAt,
  actionName,
  actionWidth,
  actionWords,
  endWords,
  type Story,
  type Thought,
  thoughtAt,
  thoughtTitle,
  valueWords,
} from "./story";
import { returnsOf } from "./time";

const MOST_ROWS = 128;

interface Row {
  value: HTMLElement;
  /** The number and its words at step k; a text alone where it is no number. */
  read(k: number): [number | null, string];
}

/** Everything the environment said at one step, as a table: observation, action, reward, end, info, policy. */
export class Inspector {
  readonly el = h("section", { class: "rlnb-inspector", "aria-label": "Inspector of the step" });
  private readonly rows: Row[] = [];
  private readonly bars: ((k: number) => void)[] = [];
  private shown = -1;

  constructor(film: Film, story: Story) {
    const returns = returnsOf(film.rewards);
    const step = this.group("Step");
    this.row(step, "step", (k) => [k, k === 0 ? "0 (reset)" : `${k} of ${story.steps}`]);
    this.row(step, "action", (k) => [null, actionWords(story, k) || "–"]);
    if (story.actionCount === 0)
      for (const [i, [name, unit]] of story.actionNamed.entries())
        this.number(step, name, unit, (k) => Number(story.actions[(k - 1) * actionWidth(story) + i]));
    this.number(step, "reward", "", (k) => Number(film.rewards[k - 1]));
    this.number(step, "return so far", "", (k) => Number(returns[k]));
    this.row(step, "end", (k) => [null, endWords(story, k)]);
    if (story.named.length || story.observed) {
      const seen = this.group("Observation");
      const width = story.named.length;
      for (const [i, [name, unit]] of story.named.slice(0, MOST_ROWS).entries())
        this.number(seen, name, unit, (k) => Number(story.observations[k * width + i]));
      const rest = Math.max(0, width - MOST_ROWS);
      const words = [story.observed, rest ? `and ${rest} further numbers` : "", sawWords(story)].filter(Boolean);
      if (words.length)
        seen.append(h("tr", {}, h("td", { colspan: 2, class: "rlnb-inspector-words" }, words.join(" · "))));
    }
    if (story.infos.length || story.words.length) {
      const info = this.group("Info");
      for (const [name, column] of story.infos) this.number(info, name, "", (k) => Number(column[k]));
      for (const [name, codes, texts] of story.words)
        this.row(info, name, (k) => [null, texts[Number(codes[k])] ?? "–"]);
    }
    for (const thought of story.thoughts) this.thought(story, thought);
    if (story.thoughtSource)
      this.el.append(h("p", { class: "rlnb-inspector-source" }, `Policy: ${story.thoughtSource}`));
  }

  /** Shows step k. */
  show(k: number): void {
    if (k === this.shown) return;
    this.shown = k;
    for (const row of this.rows) {
      const [value, words] = row.read(k);
      row.value.textContent = words;
      if (value === null) delete row.value.dataset.value;
      else row.value.dataset.value = String(value);
    }
    for (const bar of this.bars) bar(k);
  }

  private group(title: string): HTMLElement {
    const body = h("tbody", {});
    this.el.append(h("table", {}, h("caption", {}, title), body));
    return body;
  }

  private row(body: HTMLElement, name: string, read: Row["read"]): void {
    const value = h("td", {});
    body.append(h("tr", { "data-key": name }, h("th", { scope: "row" }, name), value));
    this.rows.push({ value, read });
  }

  private number(body: HTMLElement, name: string, unit: string, read: (k: number) => number): void {
    this.row(body, name, (k) => {
      const value = read(k);
      return Number.isNaN(value) ? [null, "–"] : [value, valueWords(value, unit)];
    });
  }

  /** A bar for each action; the one that was taken next stands out. */
  private thought(story: Story, thought: Thought): void {
    const body = this.group(`Policy: ${thoughtTitle(thought.name)}`);
    const perAction = thought.width === story.actionCount && thought.width > 1;
    const bars = [...Array(Math.min(thought.width, MOST_ROWS)).keys()].map((i) => {
      const bar = h("i");
      const value = h("td", {}, h("span", { class: "rlnb-inspector-bar" }, bar), h("span"));
      const name = perAction ? actionName(story, i) : thought.width === 1 ? thoughtTitle(thought.name) : String(i);
      const row = h("tr", { "data-key": `${thought.name}: ${name}` }, h("th", { scope: "row" }, name), value);
      body.append(row);
      return { row, bar, words: value.lastElementChild as HTMLElement, value };
    });
    this.bars.push((k) => {
      const values = thoughtAt(thought, k);
      let [low, high] = thought.name === "probs" ? [0, 1] : [Infinity, -Infinity];
      if (thought.name !== "probs")
        for (const one of thought.values) {
          if (one < low) low = one;
          if (one > high) high = one;
        }
      const next = perAction && k < story.steps ? actionAt(story, k + 1) : -1;
      const best = values.length ? values.indexOf(Math.max(...values) as never) : -1;
      for (const [i, one] of bars.entries()) {
        const value = Number(values[i]);
        one.bar.style.width = `${high > low ? (100 * (value - low)) / (high - low) : 0}%`;
        one.words.textContent = Number.isNaN(value) ? "–" : valueWords(value, "");
        one.value.dataset.value = String(value);
        one.row.toggleAttribute("data-best", perAction && i === best);
        one.row.toggleAttribute("data-next", i === next);
      }
    });
  }
}

const sawWords = (story: Story): string =>
  story.saw === "same"
    ? "the agent saw the picture itself"
    : story.saw === "film"
      ? "beside the picture: what the agent saw"
      : "";

import { h } from "../shared/dom";
import { count, duration } from "../shared/format";
import type { Header } from "./header";

/** Counts, speed and time; how far it is and what is left, where the total is known. */
export class Facts {
  readonly el = h("div", { class: "rlnb-facts" });
  readonly bar = h(
    "div",
    { class: "rlnb-progress", role: "progressbar", "aria-label": "Progress", hidden: true },
    h("i"),
  );
  private readonly values = new Map<string, [HTMLElement, HTMLElement]>();

  show(header: Header, alive: boolean): void {
    const { steps, episodes, rate, elapsed, total_steps: total } = header;
    const known = (value: number | null | undefined, words: (value: number) => string) =>
      value == null ? "–" : words(value);
    const none = steps === 0 && !total; // numbers are logged, and no environment is there
    this.fact("steps", none ? "" : known(steps, count), total ? `of ${count(total)} steps` : "steps");
    this.fact("episodes", none ? "" : known(episodes, count));
    this.fact("steps/s", none ? "" : known(rate, count));
    this.fact("elapsed", known(elapsed, duration));
    const left = alive ? remaining(header) : null;
    this.fact("left", left === null ? "" : `~${duration(left)}`);
    this.progress(steps, total, alive);
  }

  private fact(key: string, value: string, label = key): void {
    let pair = this.values.get(key);
    if (!pair) {
      pair = [h("b"), h("span")];
      this.values.set(key, pair);
      this.el.append(h("div", {}, ...pair));
    }
    for (const [k, text] of [value, label].entries()) {
      const element = pair[k] as HTMLElement;
      if (element.textContent !== text) element.textContent = text;
    }
    (pair[0].parentElement as HTMLElement).hidden = value === "";
  }

  private progress(steps: number | undefined, total: number | null | undefined, alive: boolean): void {
    this.bar.hidden = !total || !alive;
    if (!total || steps === undefined) return;
    const share = Math.min(1, steps / total);
    const percent = String(Math.floor(share * 100));
    this.bar.setAttribute("aria-valuenow", percent);
    this.bar.title = `${percent} %`;
    (this.bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
  }
}

/** Seconds to the end at the present speed; null where nobody knows. */
export function remaining({ steps, total_steps: total, rate, state }: Header): number | null {
  if (!total || steps === undefined || !rate || state === "paused" || steps >= total) return null;
  return (total - steps) / rate;
}

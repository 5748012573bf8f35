import type { Header } from "./header";

/** What has to be seen in the kernel's words before a command counts as taken. */
const taken: Record<string, (now: Header, before: Header) => boolean> = {
  pause: (now) => now.state === "paused" && !now.waiting,
  resume: (now) => now.state !== "paused",
  step: (now, before) => (now.steps ?? 0) > (before.steps ?? 0) && !now.waiting,
  stop: () => false, // until the session is over
};

export const alive = ({ state = "running" }: Header): boolean => state === "running" || state === "paused";

/** The command that a person gave last, until the run has taken it: a cell that does not step (a long update) lets it wait. */
export class Asked {
  private name: string | null = null;
  private before: Header = {};

  /** The command that waits. */
  get pending(): string | null {
    return this.name;
  }

  ask(name: string, now: Header): void {
    this.name = name in taken ? name : null;
    this.before = now;
  }

  hear(now: Header): void {
    if (this.name !== null && (!alive(now) || taken[this.name]?.(now, this.before))) this.name = null;
  }
}

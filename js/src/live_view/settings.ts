import type { Theme } from "../shared/theme";
import type { Axis } from "./series";

/** What the hand did to a run, or what else deserves a line at its moment. */
export interface Mark {
  step: number;
  time: number;
  episode: number;
  label: string;
}

/** What all panels of a view have in common. */
export interface Settings {
  /** The axis that was chosen. */
  wanted: Axis;
  /** The axis that is drawn: as long as no episode has ended, steps stand in for episodes, and time for steps. */
  axis: Axis;
  /** Whether an episode has ended. */
  episodes: boolean;
  smoothing: number;
  log: boolean;
  theme: Theme;
  /** Names of the groups, by number. */
  groups: string[];
  /** The lane that is shown; null for all. */
  lane: number | null;
  /** The group that is shown; null for all. */
  group: number | null;
  canReplay: boolean;
  /** The return at which the environment counts as solved. */
  threshold: number | null;
  /** The mean return of actions at random. */
  random: number | null;
  marks: Mark[];
}

export const initial = (): Settings => ({
  wanted: "episode",
  axis: "time",
  episodes: false,
  smoothing: 20,
  log: false,
  theme: "light",
  groups: [],
  lane: null,
  group: null,
  canReplay: false,
  threshold: null,
  random: null,
  marks: [],
});

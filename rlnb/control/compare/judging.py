"""The verdict of a comparison: which setting is better, how sure that is, and whether like is compared with like."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from rlnb.control.compare.runs import TAG, Run
from rlnb.control.compare.settings import Setting, best_of
from rlnb.stats import compare_runs, holm

ALPHA = 0.05
FAR_FEWER = 0.9  # of another's steps: budgets that are not alike


def verdict(settings: Sequence[Setting]) -> str:
    """One sentence: which setting is better by the mean return of each run's last episodes, and how sure that is.

    With more than two settings the best is set against each other one, and Holm's adjustment holds the false
    positives of all together at 5 %.
    """
    unlike = "".join(f" {words}" for words in not_alike([run for setting in settings for run in setting.runs]))
    best = best_of(settings)
    if best is None:
        return unlike.strip()
    others = [setting for setting in settings if setting.scores and setting is not best]
    verdicts = [
        compare_runs(
            best.scores, other.scores, (best.name, other.name), best.threshold,
            on=_seed_by_seed(best, other), at=_budget([*best.runs, *other.runs]),
        )
        for other in others
    ]  # fmt: skip
    if len(others) == 1:
        return verdicts[0].words + "." + unlike  # as it stands: it may begin with the name of a parameter
    if all(len(setting.scores) == 1 for setting in [best, *others]):
        return "1 run each: an anecdote." + unlike
    adjusted = holm([one.test.p for one in verdicts])
    beaten = [
        other.name for other, one, p in zip(others, verdicts, adjusted, strict=True) if one.better == "a" and p <= ALPHA
    ]
    left = [other.name for other in others if other.name not in beaten]
    words = [f"{best.name} is better than {_listed(beaten)}"] if beaten else []
    if left:
        words.append(f"{best.name} and {_listed(left)} are not distinguishable")
    camps = [f"{setting.name}: {setting.camps}" for setting in [best, *others] if setting.camps]
    tail = f" {'; '.join(camps)}." if camps else ""
    return f"{'; '.join(words)} (Holm's adjustment for {len(others)} comparisons).{tail}{unlike}"


def not_alike(runs: Sequence[Run]) -> list[str]:
    """What keeps the runs from being compared as they stand, in a sentence; runs without a finished episode (they
    failed) count for nothing here."""
    runs = [run for run in runs if math.isfinite(run.score)]
    found = [
        _different(runs, lambda run: str(run.about["env_id"]), "the environments differ"),
        _different(runs, lambda run: _spec(run, "kwargs"), "their environments were made with different arguments"),
        _different(runs, lambda run: _spec(run, "additional_wrappers"), "their environments have different wrappers"),
        _different(
            runs,
            lambda run: "greedy evaluation" if TAG in run.about["tags"] else "return while training",
            "some are evaluations, others returns while training",
        ),
    ]
    if len({str(run.about["env_id"]) for run in runs}) > 1:
        found = found[:1] + found[3:]  # the arguments and wrappers are another environment's then
    trained = [run for run in runs if TAG not in run.about["tags"]]
    if trained and not _budget(trained):
        steps = [run.steps for run in trained]
        found.append(f"they took from {_count(min(steps))} to {_count(max(steps))} steps")
    words = [one for one in found if one]
    return [f"Not alike: {'; '.join(words)}."] if words else []


def _different(runs: Sequence[Run], of: Callable[[Run], str], words: str) -> str:
    values = list(dict.fromkeys(of(run) for run in runs))
    if len(values) < 2:
        return ""
    shown = ", ".join(value for value in values[:3] if value) + (", ..." if len(values) > 3 else "")
    return f"{words} ({shown})" if shown and len(shown) < 120 else words


def _spec(run: Run, part: str) -> str:
    """A part of the environment's spec in words: its arguments, or its wrappers."""
    text = run.recipe.get("spec")
    found: Any = json.loads(text).get(part) if text else None
    if part == "additional_wrappers":
        return ", ".join(str(one["name"] if isinstance(one, dict) else one) for one in found or []) or "none"
    known = {name: value for name, value in (found or {}).items() if name != "render_mode"}
    return ", ".join(f"{name}={value}" for name, value in sorted(known.items())) or "none"


def _seed_by_seed(a: Setting, b: Setting) -> tuple[int, int] | None:
    """(seeds on which a run of `a` scored higher, seeds), where both ran on the same seeds, once each."""
    mine, theirs = ({run.about["seed"]: run.score for run in setting.runs} for setting in (a, b))
    if None in mine or mine.keys() != theirs.keys() or len(mine) != len(a.runs) or len(theirs) != len(b.runs):
        return None
    return sum(mine[seed] > theirs[seed] for seed in mine), len(mine)


def _budget(runs: Sequence[Run]) -> str:
    """ " at 100k steps", " after 500 episodes": after how much training, where all had about as much."""
    if any(TAG in run.about["tags"] for run in runs):
        return ""
    steps, episodes = [run.steps for run in runs], [int(run.about["episodes"]) for run in runs]
    if min(steps) >= FAR_FEWER * max(steps):
        return f" at {_count(min(steps))} steps"
    return f" after {_count(min(episodes))} episodes" if min(episodes) >= FAR_FEWER * max(episodes) else ""


def _count(n: int) -> str:
    """1234 as "1.2k"."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return str(n)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

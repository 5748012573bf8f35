"""Sessions grouped into settings, and what can be said about which is better. The run is the unit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rlnb.errors import BadValue
from rlnb.stats import compare_runs, holm

ALPHA = 0.05


def grouped(about: Sequence[Mapping[str, Any]], by: str | None) -> dict[str, list[Mapping[str, Any]]]:
    """Sessions by setting, in the order they were given.

    `by` names one parameter; without it a setting is every parameter that differs, or the name where none does. A seed
    never tells settings apart.
    """
    if by is not None:
        if not any(by in one["params"] for one in about):
            known = sorted({name for one in about for name in one["params"]})
            raise BadValue(
                f"rlnb.compare(by={by!r}): no session has that parameter; there are: {', '.join(known) or 'none'}."
            )
        names = [by]
    else:
        names = [
            name
            for name in dict.fromkeys(name for one in about for name in one["params"])
            if len({_plain(one["params"].get(name)) for one in about}) > 1
        ]
    settings: dict[str, list[Mapping[str, Any]]] = {}
    for one in about:
        parts = [f"{name}={_said(one['params'].get(name))}" for name in names]
        settings.setdefault(", ".join(parts) or str(one["name"]), []).append(one)
    return settings


def verdict(settings: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """One sentence: which setting is better by the mean return of each run's last episodes, and how sure that is.

    With more than two settings the best is set against each other one, and Holm's adjustment holds the false
    positives of all together at 5 %.
    """
    unlike = _unlike([one for runs in settings.values() for one in runs])
    scores = {
        name: [one["mean_return"] for one in runs if _finite(one["mean_return"])] for name, runs in settings.items()
    }
    scores = {name: values for name, values in scores.items() if values}
    if len(scores) < 2:
        return unlike
    best = max(scores, key=lambda name: sum(scores[name]) / len(scores[name]))
    others = [name for name in scores if name != best]
    verdicts = {name: compare_runs(scores[best], scores[name], (best, name)) for name in others}
    if len(others) == 1:
        return _sentence(verdicts[others[0]].words) + unlike
    adjusted = dict(zip(others, holm([verdicts[name].test.p for name in others]), strict=True))
    if all(len(values) == 1 for values in scores.values()):
        return "1 run each: an anecdote." + unlike
    beaten = [name for name in others if verdicts[name].better == "a" and adjusted[name] <= ALPHA]
    left = [name for name in others if name not in beaten]
    words = []
    if beaten:
        words.append(f"{best} is better than {_listed(beaten)}")
    if left:
        words.append(f"{best} and {_listed(left)} are not distinguishable")
    return _sentence("; ".join(words) + f" (Holm's adjustment for {len(others)} comparisons)") + unlike


def _unlike(about: Sequence[Mapping[str, Any]]) -> str:
    """A warning where the sessions are not of one environment."""
    envs = sorted({str(one["env_id"]) for one in about})
    return f" Not alike: {', '.join(envs)} are different environments." if len(envs) > 1 else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sentence(words: str) -> str:
    return words + "."  # as it stands: it may begin with the name of a parameter


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and value == value and abs(value) != float("inf")


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

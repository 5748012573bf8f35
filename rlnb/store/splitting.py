"""One session's document in several: a cell that trained several times over, one environment after another.

Where algorithms said that they learn (`recipe["learner"]`), each of them has a part. Else a new part begins where the
training lane was taken by a new environment. An episode belongs to the part in which it began; what other lanes did
belongs to the part during which they did it.
"""

from __future__ import annotations

import bisect
import copy
from collections.abc import Mapping
from typing import Any

from rlnb.store.check import unpack_column
from rlnb.store.document import pack_column
from rlnb.training import Signs


def training_lane(document: Mapping[str, Any]) -> int | None:
    """The lane with most steps of the group that trained; None where nothing was stepped."""
    signs = Signs()
    for one in document["lanes"]:
        signs.note(one["group"], one["place"], one["recipe"])
    group = signs.training({one["group"]: int(one["steps"]) for one in document["groups"]})
    columns = document["episodes"]
    steps: dict[int, int] = {}
    for lane, its_group, length in zip(columns["lane"], columns["group"], columns["length"], strict=True):
        if its_group == group:
            steps[lane] = steps.get(lane, 0) + length
    return max(steps, key=lambda lane: steps[lane], default=None)


def split_document(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents of the parts, in order; the document alone where there is one part."""
    learners = learners_of(document)
    if len(learners) > 1:
        return _by_learner(document, learners)
    main = training_lane(document)
    openings = [lane for lane in document["lanes"] if lane["lane"] == main]
    if len(openings) < 2:
        return [copy.deepcopy(dict(document))]
    begins = [float("-inf"), *(float(lane["at"]) for lane in openings[1:]), float("inf")]
    # A lane is opened at the first flush of its environment, a moment after its first reset: the steps say it exactly.
    firsts = [float("-inf"), *(float(lane["after"] or 0) for lane in openings[1:]), float("inf")]
    columns = document["episodes"]
    where: list[list[int]] = [[] for _ in openings]
    for row, (lane, first, started) in enumerate(
        zip(columns["lane"], columns["first"], columns["started"], strict=True)
    ):
        at, edges = (first, firsts) if lane == main else (started, begins)
        part = next(k for k in range(len(openings)) if edges[k] <= at < edges[k + 1])
        where[part].append(row)
    return [_part(document, rows, k, len(where)) for k, rows in enumerate(where) if rows]


def learners_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The algorithms that said that they learned in environments of the session, in order."""
    told = [lane["recipe"]["learner"] for lane in document["lanes"] if lane["recipe"].get("learner")]
    return [one for _, one in sorted({float(one["began"]): one for one in told}.items())]


def _by_learner(document: Mapping[str, Any], learners: list[dict[str, Any]]) -> list[dict[str, Any]]:
    begins = [float(one["began"]) for one in learners]
    columns = document["episodes"]
    where: list[list[int]] = [[] for _ in learners]
    for row, (lane, first, started) in enumerate(
        zip(columns["lane"], columns["first"], columns["started"], strict=True)
    ):
        own = _held(document, lane, first)["recipe"].get("learner")
        began = started if own is None else float(own["began"])  # an evaluation: of whom that learned last
        where[max(bisect.bisect_right(begins, began) - 1, 0)].append(row)
    parts: list[dict[str, Any]] = []
    count = sum(map(bool, where))
    for k, (rows, learner) in enumerate(zip(where, learners, strict=True)):
        if rows:
            window = (begins[k] if k else float("-inf"), begins[k + 1] if k + 1 < len(begins) else float("inf"))
            part = _part(document, rows, len(parts), count, window)
            about = part["session"]
            before = str(about["params"].get("algorithm"))
            about["name"] = about["name"].replace(before, str(learner["algorithm"]), 1)
            about["params"], about["seed"] = {**learner["params"]}, learner["seed"]
            parts.append(part)
    return parts


def _held(document: Mapping[str, Any], lane: int, first: int) -> dict[str, Any]:
    """The opening of the lane that held at its step `first`."""
    held: list[dict[str, Any]] = [
        one for one in document["lanes"] if one["lane"] == lane and (one["after"] is None or one["after"] <= first)
    ]
    return held[-1]


def _part(
    document: Mapping[str, Any], rows: list[int], k: int, count: int, window: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Some rows of the episodes, and what was logged in `window` (while they went on, where none is given)."""
    columns = {name: [column[row] for row in rows] for name, column in document["episodes"].items()}
    began, ended = min(columns["started"]), max(columns["ended"])
    before = _steps_before(document, columns)
    columns["step"] = [step - before[group] for step, group in zip(columns["step"], columns["group"], strict=True)]
    name = f"{document['session']['name']} · {k + 1} of {count}"
    session = {
        **document["session"],
        "id": f"{document['session']['id']}{k + 1:02x}",
        "name": name,
        "started": began,
        "ended": ended,
        "total_steps": None,
    }
    lanes = [_lane_of(document, lane, columns) for lane in sorted(set(columns["lane"]))]
    groups: dict[int, int] = {}
    for group, length in zip(columns["group"], columns["length"], strict=True):
        groups[group] = groups.get(group, 0) + length
    offset = max(before.values(), default=0)
    return copy.deepcopy(
        {
            **document,
            "session": session,
            "groups": [{"group": group, "steps": steps} for group, steps in sorted(groups.items())],
            "lanes": lanes,
            "episodes": columns,
            "metrics": _metrics(document, window or (began, ended), offset),
            "traces": _traces(document, rows, columns),
        }
    )


def _steps_before(document: Mapping[str, Any], columns: Mapping[str, list[Any]]) -> dict[int, int]:
    """For each group the steps that it had taken before its first episode of this part began."""
    before: dict[int, int] = {}
    for group, step, length in zip(columns["group"], columns["step"], columns["length"], strict=True):
        before[group] = min(before.get(group, step - length), step - length)
    return {group: max(steps, 0) for group, steps in before.items()}


def _lane_of(document: Mapping[str, Any], lane: int, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
    """The newest opening of the lane at the first episode of this part; it now holds from the beginning."""
    first = min(f for f, its_lane in zip(columns["first"], columns["lane"], strict=True) if its_lane == lane)
    return {**_held(document, lane, first), "after": None}


def _metrics(document: Mapping[str, Any], window: tuple[float, float], offset: int) -> dict[str, Any]:
    kept = {}
    for name, metric in document["metrics"].items():
        at = [row for row, time in enumerate(metric["time"]) if window[0] <= float(time) <= window[1]]
        if at:
            kept[name] = {column: [values[row] for row in at] for column, values in metric.items()}
            if min(kept[name]["step"]) >= offset:  # else it was counted from the part's own beginning
                kept[name]["step"] = [step - offset for step in kept[name]["step"]]
    return kept


def _traces(document: Mapping[str, Any], rows: list[int], columns: Mapping[str, list[Any]]) -> dict[str, Any] | None:
    traces = document["traces"]
    if traces is None:
        return None
    spans: dict[int, tuple[int, int]] = {}
    for lane, first, length in zip(columns["lane"], columns["first"], columns["length"], strict=True):
        low, high = spans.get(lane, (first, first + length))
        spans[lane] = min(low, first), max(high, first + length)
    runs = []
    for run in traces["steps"]:
        if run["lane"] not in spans:
            continue
        names = ("actions", "rewards", "checks", "checked")
        arrays = {name: unpack_column(run[name]) for name in names if name in run}
        low, high = spans[run["lane"]]
        low, high = max(low, run["first"]), min(high, run["first"] + len(arrays["rewards"]))
        if low < high:
            cut = slice(low - run["first"], high - run["first"])
            packed = {name: pack_column(array[cut]) for name, array in arrays.items()}
            runs.append({"lane": run["lane"], "first": low, **packed})
    part = {"starts": [traces["starts"][row] for row in rows], "steps": runs}
    here = set(zip(columns["lane"], columns["first"], strict=True))
    frames = [strip for strip in traces.get("frames", ()) if (strip["lane"], strip["first"]) in here]
    return {**part, "frames": frames} if frames else part

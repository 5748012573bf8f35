"""The table of a comparison: its columns, a row a run, and a row a setting."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rlnb.control.compare.runs import Run
from rlnb.control.compare.settings import Setting, best_of, differing, said
from rlnb.stats import Interval

Row = dict[str, Any]
Column = dict[str, Any]  # key, label, kind ("text", "number", "dots", "curve"); of ("run" or "setting"), hidden, title


def columns_of(runs: Sequence[Run], settings: Sequence[Setting]) -> list[Column]:
    """All columns, the parameters that differ first. `of`: only in that kind of row; `hidden`: until asked for."""
    names = differing([run.about["params"] for run in runs])
    solvable = any(run.threshold is not None for run in runs)
    several = any(len(setting.runs) > 1 for setting in settings)
    one_env = len({run.about["env_id"] for run in runs}) < 2

    def column(key: str, label: str, kind: str = "number", title: str = "", **more: Any) -> Column:
        return {"key": key, "label": label, "kind": kind, **({"title": title} if title else {}), **more}

    found = [column("name", "name", "text")]
    found += [column(f"param:{name}", name, _kind(runs, name)) for name in names]
    found += [column("runs", "runs", of="setting", hidden=not several)]
    found += [column("mean_return", "mean return (last 100)")]
    if several:
        found += [column("interval", "95 % interval", "text", "of the mean over the runs", of="setting")]
    found += [column("scores", "every run", "dots", "mean return of the last 100 episodes")]
    found += [column("curve", "course", "curve", of="run")]
    if solvable:
        censored = "until the mean of 100 episodes got to the reward threshold; runs that never did are censored"
        found += [column("solved", "solved", "text", "runs that got to the reward threshold", of="setting")]
        found += [column("to_threshold", "steps to threshold", "number", censored)]
    if several and len(settings) > 1:
        wins = "how often a run of the best setting scores higher than one of this; 95 % interval"
        found += [column("beaten", "P(best > it)", "number", wins, of="setting")]
    area = "mean return over the steps that every run has taken"
    found += [
        column("area", "area under the curve", "number", area, hidden=True),
        column("steps", "steps", "number", "of a setting: the mean of its runs"),
        column("episodes", "episodes", "number", "of a setting: of all its runs"),
        column("best", "best return"),
        column("seed", "seed", of="run", hidden=True),
        column("steps_per_s", "steps/s"),
        column("status", "status", "text"),
        column("env_id", "environment", "text", hidden=one_env),
    ]
    return found


def run_row(run: Run, setting: str, color: int, until: float, names: Sequence[str]) -> Row:
    """The row of a run."""
    about = run.about
    row: Row = {"id": run.id, "of": "run", "setting": setting, "color": color, "name": about["name"]}
    row.update({f"param:{name}": _value(about["params"].get(name)) for name in names})
    for key in ("env_id", "steps", "episodes", "mean_return", "best", "seed", "steps_per_s", "status"):
        row[key] = _value(about.get(key))
    if row["steps_per_s"] is not None:
        row["steps_per_s"] = round(row["steps_per_s"])
    row["scores"] = [run.score] if math.isfinite(run.score) else []
    row["about"] = _about(about)
    row["area"] = _value(run.area(until))
    if run.threshold is not None:
        steps, hit = run.reached(run.threshold)
        row["to_threshold"] = steps if hit else None
        row["to_threshold:text"] = f"{steps:,.0f}" if hit else f"not by {steps:,.0f}"
    return row


def setting_row(setting: Setting, id: str, color: int, names: Sequence[str], best: Setting | None) -> Row:
    """The row of a setting, over its runs."""
    about = [run.about for run in setting.runs]
    row: Row = {"id": id, "of": "setting", "color": color, "name": setting.name, "runs": len(about)}
    for name in names:
        values = list(dict.fromkeys(_value(one["params"].get(name)) for one in about))
        row[f"param:{name}"] = values[0] if len(values) == 1 else "several"
    row["env_id"] = ", ".join(dict.fromkeys(str(one["env_id"]) for one in about))
    row["steps"] = round(sum(run.steps for run in setting.runs) / len(about))
    row["episodes"] = sum(int(one["episodes"]) for one in about)
    row["mean_return"] = _value(setting.mean.mean) if setting.mean else None
    row["interval"] = _ends(setting.mean)
    row["scores"] = setting.scores
    row["area"] = _value(setting.area.mean) if setting.area else None
    if setting.area and len(setting.runs) > 1:
        row["area:text"] = f"{setting.area.mean:,.4g} {_ends(setting.area)}"
    if (when := setting.to_threshold) is not None:
        row["solved"] = f"{when.reached}/{when.n}"
        row["to_threshold"] = when.median if math.isfinite(when.median) else None
        far = f"not by {when.longest_without:,.0f}"
        median = f"median {when.median:,.0f}" if when.n > 1 else f"{when.median:,.0f}"
        row["to_threshold:text"] = median if math.isfinite(when.median) else far if when.n == 1 else f"half {far}"
    if best is not None and best is not setting and (wins := best.beats(setting)) is not None:
        row["beaten"], row["beaten:text"] = _value(wins.mean), f"{wins.mean:.2f} {_ends(wins)}".strip()
    bests = [one["best"] for one in about if _value(one["best"]) is not None]
    row["best"] = max(bests) if bests else None
    rates = [one["steps_per_s"] for one in about if _value(one["steps_per_s"]) is not None]
    row["steps_per_s"] = round(sum(rates) / len(rates)) if rates else None
    row["status"] = ", ".join(dict.fromkeys(str(one["status"]) for one in about))
    return row


def rows_of(runs: Sequence[Run], settings: Sequence[Setting]) -> list[Row]:
    """A row a setting, and below each its runs; `color` is the setting's where any has several runs, else the run's."""
    names = differing([run.about["params"] for run in runs])
    several, best = any(len(setting.runs) > 1 for setting in settings), best_of(settings)
    order = {run.id: k for k, run in enumerate(runs)}
    rows = []
    for j, setting in enumerate(settings):
        rows.append(setting_row(setting, f"setting:{j}", j, names, best))
        called = [run.about["name"] for run in setting.runs]
        for run in setting.runs:
            row = run_row(run, f"setting:{j}", j if several else order[run.id], setting.until, names)
            if called.count(row["name"]) > 1 and row["seed"] is not None:
                row["name:text"] = f"{row['name']} · seed {row['seed']}"
            rows.append(row)
    return rows


def _about(about: Mapping[str, Any]) -> str:
    """What opens under a run: how to get it, and how it was made."""
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(about["started"])) if about.get("started") else ""
    params = ", ".join(f"{name}={said(value)}" for name, value in about["params"].items())
    seed = "" if about["seed"] is None else f"seed {about['seed']}"
    parts = [
        f'rlnb.get("{about["id"]}")',
        str(about["env_id"] or ""),
        seed,
        params[:200],
        began,
        about.get("note") or "",
    ]
    return " · ".join(part for part in parts if part)


def _kind(runs: Sequence[Run], name: str) -> str:
    values = [run.about["params"].get(name) for run in runs]
    return "number" if all(map(is_number_or_none, values)) else "text"


def is_number_or_none(value: Any) -> bool:
    """Whether a cell stands in a column of numbers (True and False do not)."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _value(value: Any) -> Any:
    """As a cell: what is neither text nor a finite number becomes one or nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, int | float | str) else repr(value)


def _ends(interval: Interval | None) -> str:
    return f"[{interval.low:,.4g}, {interval.high:,.4g}]" if interval and math.isfinite(interval.low) else ""


def plain(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], of: str) -> tuple[list[Row], list[Column]]:
    """The rows of runs, or of settings, and those of the columns that are words and numbers: for files."""
    kept = [c for c in columns if c["kind"] in ("text", "number") and c.get("of", of) == of]
    return [dict(row) for row in rows if row["of"] == of], kept

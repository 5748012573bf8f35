"""What a session is called and set to, where nobody said so: looked up in the notebook and on the stack."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from rlnb.control.recording import params
from rlnb.control.recording.lessons import Lesson


class Found(NamedTuple):
    """What was looked up when a session began."""

    name: str
    params: dict[str, Any]
    seed: int | None
    learner: Any = None  # the algorithm that is learning, where one is on the stack
    sure: bool = False  # the seed is an algorithm's, or the person's own word


def look(
    env_id: str | None,
    *,
    frame: FrameType,
    source: str,
    cell_number: int | None,
    namespace: Mapping[str, Any],
    noticed: Mapping[str, Any],
    said: Mapping[str, Any] | None = None,
    whole: bool = False,
    lesson: Lesson | None = None,
) -> Found:
    """Name, hyper-parameters and seed of the session that begins in `frame`.

    `said` are parameters that the person gave; they win over those found, or are all (`whole`). `lesson`: what an
    algorithm said that learned then. `noticed`: what was seen on the stack at the first reset. `seed` is never a
    setting.
    """
    learner = params.learner(frame)
    if lesson is not None:  # an algorithm that says so itself
        settings = {**lesson.params, "seed": lesson.seed}
    else:
        settings = params.of_learner(learner) if learner is not None else {}
    sure = settings.get("seed") is not None or (said or {}).get("seed") is not None
    if not settings:
        settings = dict(noticed) or params.on_the_stack(frame) or params.from_namespace(namespace, source)
    settings.update(params.as_params(said or {}))
    seed = settings.pop("seed", None)
    if whole and said is not None:
        settings = as_said(said)
    parts = [env_id or "session"]
    if lesson is not None or learner is not None:
        parts.append(lesson.algorithm if lesson is not None else type(learner).__name__)
    if cell_number and env_id:
        parts.append(f"cell {cell_number}")
    return Found(" · ".join(parts), settings, seed if isinstance(seed, int) else None, learner, sure)


def stepping() -> FrameType:
    """Where the person's code is: in this thread, or, where rlnb's own clockwork flushes beside it, in the main one."""
    here = sys._getframe(1)
    if threading.current_thread().name.startswith("rlnb "):
        return sys._current_frames().get(threading.main_thread().ident or 0, here)
    return here


def as_said(said: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a person gave, and only those."""
    settings = params.as_params(said)
    settings.pop("seed", None)
    return settings


def script_name() -> str | None:
    """The script that runs, as the source of its session."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"# {Path(path).name}" if path else None


def last_line(error: BaseException) -> str:
    """An exception in one line."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[-1]}" if text else type(error).__name__

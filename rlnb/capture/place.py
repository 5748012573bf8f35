"""Where in the person's code an environment was made."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

from rlnb.training import JUDGED

LIBRARIES = frozenset(
    {
        "gymnasium",
        "stable_baselines3",
        "sb3_contrib",
        "rlnb",
        "rl_zoo3",
        "importlib",
        "contextlib",
        "multiprocessing",
        "ale_py",
    }
)


class Place(str):
    """The words for a line; `path` are all the lines of the person's code that led there, innermost first."""

    path: tuple[tuple[str, int], ...] = ()


def place(frame: FrameType | None = None) -> Place:
    """ "cell 3, line 7" or "train.py:12": the first frame outside Gymnasium, Stable-Baselines3 and rlnb.

    What `evaluate` of rlnb's own agents makes has a place of its own, "train.py:12 (evaluation)": an agent that is made
    and taught on one line makes its environments for both there, and they are two groups.
    """
    first = frame or sys._getframe(1)
    here: FrameType | None = first
    found, evaluating = None, False
    path: list[tuple[str, int]] = []
    while here is not None:
        module = str(here.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in LIBRARIES:
            found = found or here
            path.append((here.f_code.co_filename, here.f_lineno))
        evaluating = evaluating or (here.f_code.co_name == "evaluate" and module.startswith("rlnb.agents."))
        here = here.f_back
    found = found or first
    words = Place(name_of(found.f_code.co_filename, found.f_lineno) + (JUDGED if evaluating else ""))
    words.path = tuple(path)
    return words


def name_of(filename: str, line: int) -> str:
    """The words for a line of a file or of a notebook cell."""
    cell = _cell(filename)
    return f"cell {cell}, line {line}" if cell is not None else f"{os.path.basename(filename)}:{line}"


def _cell(filename: str) -> Any:
    """The number of the cell that was compiled under this name, if IPython is there and knows it."""
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return None
    try:
        return ipython.get_ipython().compile._filename_map.get(filename)
    except AttributeError:
        return None

"""`rlnb.log`: numbers wait in a list and are read at the flush, so that the loop neither waits nor synchronises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlnb.errors import BadValue
from rlnb.events import MetricsLogged

MOST_NAMES = 500


def as_number(name: str, value: Any) -> float:
    """`value` as a float; a tensor or array of one element is read now."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"rlnb.log({name}={value!r:.80}): a number is needed (a float, an int, a tensor of one element), "
            f"not {type(value).__name__}."
        ) from error


class Numbers:
    """Collects what is logged. `steps()` gives the session's step count at the moment of logging."""

    def __init__(self, steps: Callable[[], int], warn: Callable[[str], None]) -> None:
        self._steps = steps
        self._warn = warn
        self._waiting: list[tuple[Mapping[str, Any], int, float]] = []
        self._names: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def log(self, numbers: Mapping[str, Any], step: int | None) -> None:
        """Take `numbers` in; tensors are detached at once and read at the flush."""
        kept: dict[str, Any] = {}
        for name, value in numbers.items():
            if type(value) is float or type(value) is int:
                kept[name] = value
            elif hasattr(value, "detach"):
                kept[name] = value.detach().clone()
            else:
                kept[name] = as_number(name, value)
        self._waiting.append((kept, self._steps() if step is None else int(step), time.time()))

    def collect(self, session: str) -> MetricsLogged | None:
        """Everything that waits, by name; None when nothing does."""
        count = len(self._waiting)
        if not count:
            return None
        entries, self._waiting[:count] = self._waiting[:count], []
        columns: dict[str, list[tuple[int, float, float]]] = {}
        for numbers, step, at in entries:
            for name, value in numbers.items():
                if name not in self._names:
                    if len(self._names) >= MOST_NAMES:
                        self._warn(f"more than {MOST_NAMES} names were logged; {name!r} and further ones are left out.")
                        continue
                    self._names.add(name)
                try:
                    number = as_number(name, value)
                except BadValue as error:  # a tensor of several elements: known only when it is read
                    self._warn(str(error))
                    continue
                columns.setdefault(name, []).append((step, at, number))
        if not columns:
            return None
        return MetricsLogged(
            session,
            steps={name: np.array([row[0] for row in rows], np.int64) for name, rows in columns.items()},
            times={name: np.array([row[1] for row in rows], np.float64) for name, rows in columns.items()},
            values={name: np.array([row[2] for row in rows], np.float64) for name, rows in columns.items()},
        )

    def forget(self) -> None:
        """A new session begins: its names are its own."""
        self._names.clear()

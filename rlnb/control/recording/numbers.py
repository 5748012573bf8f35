"""`rlnb.log`: numbers wait in a list and are read at the flush, so that the loop neither waits nor synchronises."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlnb.capture.interrupts import held_back
from rlnb.errors import BadValue
from rlnb.events import MetricsLogged

MOST_NAMES = 500
PACK = 4096  # calls after which what waits is made columns: 24 bytes a number instead of some 280
LOOK = 0.15  # seconds without a flush, after which logging itself sees to the page and the store


def as_number(name: str, value: Any) -> float:
    """`value` as a float; a tensor or array of one element is read now."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"rlnb.log({name}={value!r:.80}): a number is needed (a float, an int, a tensor of one element), "
            f"not {type(value).__name__}."
        ) from error


class Pile:
    """The numbers of one name that wait for the flush."""

    def __init__(self) -> None:
        self.steps, self.times, self.values = array("q"), array("d"), array("d")

    def __len__(self) -> int:
        return len(self.values)

    def add(self, step: int, at: float, value: float) -> None:
        self.steps.append(step)
        self.times.append(at)
        self.values.append(value)


class Numbers:
    """Collects what is logged. `steps()` gives the session's step count at the moment of logging.

    Steps flush; where nobody steps (a loop over stored data), `overdue()` is called by the logging itself.
    """

    def __init__(
        self,
        steps: Callable[[], int],
        warn: Callable[[str], None],
        overdue: Callable[[], None] | None = None,
    ) -> None:
        self._steps = steps
        self._warn = warn
        self._overdue = overdue
        self._waiting: list[tuple[Mapping[str, Any], int, float]] = []
        self._piles: dict[str, Pile] = {}
        self._names: set[str] = set()
        self._full = False  # more names came than there may be
        self._count = 0  # calls that lie in the piles
        self._look_at = 0.0
        self.thread = 0  # that logged last
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting) + self._count

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
        at, self.thread = time.time(), threading.get_ident()
        self._waiting.append((kept, self._steps() if step is None else int(step), at))
        if len(self._waiting) >= PACK:
            self._pack()
        if at >= self._look_at:
            first, self._look_at = self._look_at == 0.0, at + LOOK
            if self._overdue is not None and not first:
                self._overdue()

    def seen(self) -> None:
        """The page and the store have just been seen to."""
        self._look_at = time.time() + LOOK

    def collect(self, session: str) -> MetricsLogged | None:
        """Everything that waits, by name; None when nothing does."""
        if not len(self):
            return None
        self._pack()
        with self._lock:
            piles, self._piles, self._count = self._piles, {}, 0
        piles = {name: pile for name, pile in piles.items() if len(pile)}
        if not piles:
            return None
        return MetricsLogged(
            session,
            steps={name: np.array(pile.steps, np.int64) for name, pile in piles.items()},
            times={name: np.array(pile.times, np.float64) for name, pile in piles.items()},
            values={name: np.array(pile.values, np.float64) for name, pile in piles.items()},
        )

    def forget(self) -> None:
        """A new session begins: its names are its own."""
        self._names.clear()
        self._full = False

    def _pack(self) -> None:
        """Read what waits: from here on it takes 24 bytes a number."""
        with held_back(), self._lock:
            count = len(self._waiting)  # another thread may add while this one reads
            entries, self._waiting[:count] = self._waiting[:count], []
            self._count += count
            if self._alike(entries):
                return
            for numbers, step, at in entries:
                for name, value in numbers.items():
                    try:
                        number = as_number(name, value)
                    except BadValue as error:  # a tensor of several elements: known only when it is read
                        self._warn(str(error))
                        continue
                    pile = self._piles.get(name)
                    if pile is None:
                        pile = self._pile(str(name))
                    if pile is not None:
                        pile.add(step, at, number)

    def _alike(self, entries: list[tuple[Mapping[str, Any], int, float]]) -> bool:
        """Pack calls that all had the same names, as those of a loop have, column by column (three times as fast)."""
        if not entries:
            return True
        names = entries[0][0].keys()
        if any(one[0].keys() != names for one in entries):
            return False
        try:
            columns = {str(name): array("d", [one[0][name] for one in entries]) for name in names}
        except (TypeError, ValueError):  # one of them is no number: it is found and named one by one
            return False
        steps, times = array("q", [one[1] for one in entries]), array("d", [one[2] for one in entries])
        for name, values in columns.items():
            pile = self._piles.get(name) or self._pile(name)
            if pile is not None:
                pile.steps.extend(steps)
                pile.times.extend(times)
                pile.values.extend(values)
        return True

    def _pile(self, name: str) -> Pile | None:
        """Where the numbers of a name go; None for a name too many, which is said once a session."""
        if name not in self._names:
            if len(self._names) >= MOST_NAMES:
                if not self._full:
                    self._warn(f"more than {MOST_NAMES} names were logged; {name!r:.80} and further ones are left out.")
                self._full = True
                return None
            self._names.add(name)
        return self._piles.setdefault(name, Pile())

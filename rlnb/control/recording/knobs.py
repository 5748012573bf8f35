"""Knobs: numbers that the person moves while the cell runs, as sliders or from code; every move is on record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rlnb.errors import BadValue

if TYPE_CHECKING:
    from rlnb.control.recording.desk import Desk

PREFIX = "knob/"  # of the metric that keeps the moves of a knob


@dataclass
class Knob:
    """One number with its range; `set` is called with what the person chose."""

    name: str
    low: float
    high: float
    get: Callable[[], float]
    set: Callable[[float], None]

    @property
    def log(self) -> bool:
        """Whether its slider moves by factors."""
        return self.low > 0 and self.high / self.low >= 50

    def shown(self) -> dict[str, Any]:
        """What the view draws."""
        return {"name": self.name, "low": self.low, "high": self.high, "log": self.log, "value": float(self.get())}


class Board:
    """The knobs of a kernel: those of `rlnb.knobs` and those that algorithms offer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._knobs: dict[str, Knob] = {}
        self._offered: set[str] = set()  # by an algorithm, for one session
        self._cell: Any = None

    def __iter__(self) -> Iterator[Knob]:
        return iter(list(self._knobs.values()))

    def add(self, knob: Knob) -> None:
        """A knob of the person's; those that another cell made go."""
        if self._desk.cell is not self._cell:
            self._cell = self._desk.cell
            self._knobs = {name: one for name, one in self._knobs.items() if name in self._offered}
        self._knobs[knob.name] = knob

    def offer(self, knob: Knob) -> None:
        """A knob of an algorithm's; a person's of that name stays."""
        if knob.name not in self._knobs or knob.name in self._offered:
            self._offered.add(knob.name)
            self._knobs[knob.name] = knob

    def clear_offers(self) -> None:
        """The session ended: its algorithms' knobs go."""
        for name in self._offered:
            self._knobs.pop(name, None)
        self._offered.clear()

    def move(self, name: str, value: float) -> None:
        """Turn a knob; the session remembers from what to what."""
        knob = self._knobs.get(name)
        if knob is None:
            raise BadValue(f"There is no knob {name!r}; there are: {', '.join(self._knobs) or 'none'}.")
        value = float(value)
        if not math.isfinite(value):
            raise BadValue(f"The knob {name!r} cannot be {value}: a finite number is needed.")
        before = float(knob.get())
        knob.set(value)
        if self._desk.current is not None and value != before:
            self._desk.numbers.log({PREFIX + name: before}, None)
            self._desk.numbers.log({PREFIX + name: value}, None)
            self._desk.mark(f"{name} {before:g} → {value:g}")


class Knobs:
    """The values, read as attributes: `k.lr`. Setting one from code moves its slider."""

    _board: Board
    _values: dict[str, float]

    def __init__(self, board: Board, values: dict[str, Any]) -> None:
        vars(self)["_board"] = board
        vars(self)["_values"] = {}
        for name, value in values.items():
            board.add(self._knob(name, value))

    def _knob(self, name: str, value: Any) -> Knob:
        groups = getattr(value, "param_groups", None)
        if groups is not None:

            def turn(rate: float) -> None:
                for group in groups:
                    group["lr"] = rate

            low, start, high = as_range(name, float(groups[0]["lr"]))
            return Knob(name, low, high, lambda: float(groups[0]["lr"]), turn)
        low, start, high = as_range(name, value)
        self._values[name] = start
        return Knob(name, low, high, lambda: float(self._values[name]), lambda new: self._values.update({name: new}))

    def __getattr__(self, name: str) -> float:
        for knob in vars(self)["_board"]:
            if knob.name == name and name in vars(self)["_values"]:
                return float(knob.get())
        if name in vars(self)["_values"]:  # made in a cell before: it keeps its value
            return float(vars(self)["_values"][name])
        raise AttributeError(f"there is no knob {name!r}; there are: {', '.join(vars(self)['_values']) or 'none'}")

    def __setattr__(self, name: str, value: float) -> None:
        self._board.move(name, value)

    def __repr__(self) -> str:
        return "<rlnb knobs: " + ", ".join(f"{knob.name}={knob.get():g}" for knob in self._board) + ">"


def as_range(name: str, value: Any) -> tuple[float, float, float]:
    """(low, start, high) of what a knob was given; a start alone may go ten times up and down."""
    try:
        low, start, high = map(float, value if isinstance(value, tuple | list) else (math.nan, value, math.nan))
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"rlnb.knobs({name}={value!r:.80}): give (low, start, high), a start value, or a torch optimizer."
        ) from error
    if math.isnan(low):
        low, high = (start / 10, start * 10) if start > 0 else (start * 10, start / 10) if start < 0 else (0.0, 1.0)
    if not low <= start <= high or low == high or not math.isfinite(high - low):
        raise BadValue(f"rlnb.knobs({name}={value!r:.80}): low <= start <= high is needed, and low < high.")
    return low, start, high


def knobs(**values: Any) -> Knobs:
    """Sliders that work while the cell runs; the loop reads the returned object.

    `name=(low, start, high)` or `name=start`; a torch optimizer as the value moves its learning rate. Every move is
    logged as the metric `knob/name`, so that a curve never hides a hand.

    >>> k = rlnb.knobs(lr=(1e-5, 3e-4, 1e-2), epsilon=0.1)    # doctest: +SKIP
    >>> k.lr                                                   # doctest: +SKIP
    0.0003
    """
    from rlnb.control.doors import the_room

    if not values:
        raise BadValue("rlnb.knobs(): name at least one, as in rlnb.knobs(lr=(1e-5, 3e-4, 1e-2)).")
    return Knobs(the_room().desk.board, values)

"""Who sits where: environments of one session are given lanes, and lanes made at one place form a group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Sitter(Protocol):
    """What the seating needs to know of a recorded environment; times are `clock.elapsed()` seconds."""

    @property
    def key(self) -> int: ...
    @property
    def place(self) -> str: ...
    @property
    def made_at(self) -> float: ...
    @property
    def last_at(self) -> float: ...
    @property
    def lanes(self) -> int: ...


@dataclass
class Lane:
    """One concurrent slot and the environment that holds it now; `width` slots for a vector environment."""

    lane: int
    group: int
    sitter: Sitter
    width: int = 1
    path: object = ()  # of the place where the first environment on it was made


@dataclass
class Lanes:
    """The lanes of one session.

    Environments made one after another at one place share a lane: when an environment was made, the one before it
    had already had its last step. Environments that live side by side (a list of four, say) get a lane each. Where one
    helper makes them on two lines of the code that calls it (`env = make(); eval_env = make()`), they are two groups;
    so are those in which an algorithm learns (`taught`) and others of that place.
    """

    lanes: list[Lane] = field(default_factory=list)
    groups: dict[tuple[str, bool, object], int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return sum(lane.width for lane in self.lanes)

    def seat(self, sitter: Sitter, place: str | None = None, taught: bool = False) -> tuple[Lane, bool]:
        """The lane for `sitter`, and whether it has just taken it. `place`: where it counts as made, if not at its
        own."""
        for lane in self.lanes:
            if lane.sitter.key == sitter.key:
                return lane, False
        where = place or sitter.place
        path = getattr(where, "path", ())
        own = (str(where), taught, path)
        group = self.groups.get(own, self.groups.setdefault((str(where), taught, None), len(self.groups)))
        for lane in self.lanes:
            if (lane.group, lane.width) == (group, sitter.lanes) and lane.sitter.last_at <= sitter.made_at:
                lane.sitter = sitter
                return lane, True
        beside = [lane.path for lane in self.lanes if lane.group == group]
        if beside and path not in beside:
            group = self.groups[own] = len(self.groups)
        lane = Lane(self.count, group, sitter, sitter.lanes, path)
        self.lanes.append(lane)
        return lane, True

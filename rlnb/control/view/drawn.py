"""Which episode a point of the chart is: lane and first step by the number it was drawn with."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from rlnb.errors import EpisodeNotFound

MOST = 1_000_000  # episodes whose places are kept: 12 bytes each, so 12 MB however long a session runs


class Drawn:
    """Places of the newest episodes, in the order in which they were drawn."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lanes, self._firsts = array("i"), array("q")
        self._gone = 0  # older ones, let go
        self._seen: set[int] = set()  # lanes

    def __len__(self) -> int:
        return self._gone + len(self._lanes)

    def extend(self, lanes: Iterable[int], firsts: Iterable[int]) -> None:
        """Add episodes as they end."""
        self._lanes.extend(lanes := array("i", lanes))
        self._firsts.extend(firsts)
        self._seen.update(lanes)
        if len(self._lanes) > self._most:
            half = len(self._lanes) - self._most // 2
            del self._lanes[:half], self._firsts[:half]
            self._gone += half

    def place(self, number: int) -> tuple[int, int] | None:
        """(lane, first step) of a drawn episode. None for one let go whose number in the store is the same (all
        episodes were of one lane)."""
        if not 0 <= number < len(self):
            raise EpisodeNotFound(f"episode {number} was not drawn: there are {len(self):,}.")
        if number >= self._gone:
            return self._lanes[number - self._gone], self._firsts[number - self._gone]
        if len(self._seen) == 1:
            return None
        raise EpisodeNotFound(
            f"episode {number:,} is more than {self._most // 2:,} episodes back, too far for a click: "
            "find it in s.episodes, and s.replay(i) plays it."
        )

"""How many steps the present session has taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlnb.capture.recorder import Recorder
from rlnb.capture.vectors import Vectors


def stepped(published: Mapping[int, int], recorders: Mapping[Any, Recorder], vectors: Vectors) -> int:
    """Environment steps of the group with most: `published` by group, and those that still wait to be flushed."""
    if len(recorders) == 1 and len(published) == 1 and not vectors.recorders:  # nearly always; every log asks
        only = next(iter(recorders.values()), None)
        seat = None if only is None else only.seat  # another thread may end the session meanwhile
        before = None if seat is None else published.get(seat.group)
        if only is not None and before is not None:
            return before + len(only.checks)
    groups, unseated = dict(published), 0
    for recorder in list(recorders.values()):
        waiting = len(recorder.checks)
        if (seat := recorder.seat) is not None:
            groups[seat.group] = groups.get(seat.group, 0) + waiting
        else:
            unseated += waiting
    for group, waiting in vectors.waiting().items():
        if group is not None:
            groups[group] = groups.get(group, 0) + waiting
        else:
            unseated += waiting
    return max(groups.values()) if groups else unseated

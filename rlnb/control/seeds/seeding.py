"""`for run in rlnb.seeds(10)`: one setting over seeds, a session each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.errors import BadValue


@dataclass(frozen=True)
class Run:
    """One run of a setting."""

    seed: int
    session: Session


def seeds(
    seeds: int | Iterable[int], name: str | None = None, params: Mapping[str, Any] | None = None
) -> Iterator[Run]:
    """Seeds 0 to n - 1, or those given, each with a session of its own: all runs of one setting.

    A loop that is left early, or stopped from the live view, keeps what was recorded.

    >>> for run in rlnb.seeds(10):       # doctest: +SKIP
    ...     train(run.seed)
    """
    return _runs(listed(seeds, "rlnb.seeds"), name, params)


def listed(seeds: Any, door: str) -> list[int]:
    """The seeds meant by a number of runs or by a list; each once."""
    try:
        chosen = range(seeds) if isinstance(seeds, int) and not isinstance(seeds, bool) else [int(one) for one in seeds]
    except (TypeError, ValueError) as error:
        raise BadValue(f"{door}({seeds!r:.80}): a number of runs or a list of whole numbers is needed.") from error
    if not chosen:
        raise BadValue(f"{door}({seeds!r:.80}): at least one seed is needed.")
    return list(dict.fromkeys(chosen))


def _runs(chosen: list[int], name: str | None, params: Mapping[str, Any] | None) -> Iterator[Run]:
    room = the_room()
    for seed in chosen:
        block = room.desk.block(name=name, params=params, tags=(), seed=seed, total_steps=None)
        with block as running:
            yield Run(seed, Session(room, running.id))
        if running.stop_asked:
            return

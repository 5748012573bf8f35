"""Made-up recordings: the events that capture would publish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rlnb.events import (
    EpisodesEnded,
    Event,
    LaneOpened,
    MetricsLogged,
    SessionEnded,
    SessionStarted,
    StepsRecorded,
)
from rlnb.trace import pack_start

T0 = 1_700_000_000.0


def started(session: str = "s1", name: str = "dqn", at: float = T0, **more: Any) -> SessionStarted:
    return SessionStarted(session=session, at=at, name=name, origin="cell", env_id="CartPole-v1", **more)


def lane(session: str = "s1", number: int = 0, group: int = 0, **recipe: Any) -> LaneOpened:
    return LaneOpened(session, T0, number, group, f"cell {group}", {"env_id": "CartPole-v1", **recipe})


def start(rng: np.random.Generator) -> bytes:
    return pack_start({"kind": "numpy", "state": int(rng.integers(2**63)) ** 2, "inc": 87136372517582989555478159403})


def steps(session: str, first: int, n: int, rng: np.random.Generator, lane: int = 0, group: int = 0) -> StepsRecorded:
    actions = rng.integers(0, 2, n)
    return StepsRecorded(session, lane, group, first, actions, np.ones(n), rng.integers(0, 2**16, n).astype(np.uint16))


def ended(
    session: str, first: list[int], length: list[int], rng: np.random.Generator, lane: int = 0, group: int = 0,
    returns: list[float] | None = None, finished: list[bool] | None = None, at: float = T0,
) -> EpisodesEnded:  # fmt: skip
    n = len(first)
    lengths, firsts = np.array(length, np.int64), np.array(first, np.int64)
    done = np.ones(n, bool) if finished is None else np.array(finished)
    return EpisodesEnded(
        session, lane, group, firsts, lengths,
        lengths.astype(float) if returns is None else np.array(returns, float),
        done, np.zeros(n, bool), done, at + firsts * 1e-3, at + (firsts + lengths) * 1e-3, firsts + lengths,
        np.full(n, -1, np.int8), tuple(start(rng) for _ in range(n)),
    )  # fmt: skip


def metric(session: str, name: str, values: list[float], step: int = 0) -> MetricsLogged:
    n = len(values)
    return MetricsLogged(
        session, {name: np.arange(step, step + n)}, {name: T0 + np.arange(n, dtype=float)}, {name: np.array(values)}
    )


def run(session: str, episodes: list[int], rng: np.random.Generator, at: float = T0, **more: Any) -> Iterator[Event]:
    """A whole session with one lane and episodes of the given lengths."""
    yield started(session, at=at, **more)
    yield lane(session)
    first = 0
    for length in episodes:
        yield steps(session, first, length, rng)
        yield ended(session, [first], [length], rng, at=at)
        first += length
    yield metric(session, "loss", [1.0, 0.5])
    yield SessionEnded(session, at + first * 1e-3, "finished")

"""The mirror: an episode that is still being played runs along in the worker, a few steps behind. Runs there only.

There is one, and its environment stays for the next episode of the same recipe: making one can take a second, where
OpenGL has to begin. Should a used one not run the same, a fresh one runs the episode again. It is given the episode's
new steps, takes as many as fit into a moment, and is drawn once: between two looks other jobs have their turn, and a
training that is faster than its mirror is seen late rather than never.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.errors import RlnbError
from rlnb.replays.glance import Glance, jpeg
from rlnb.replays.simulate import Simulation
from rlnb.trace import Trace

if TYPE_CHECKING:
    from rlnb.replays.jobs import Desk

MOMENT = 0.15  # seconds of simulation before the picture is drawn


class Mirror:
    """One open episode, run again as far as it is known."""

    def __init__(self, name: Any, trace: Trace, env: Any = None) -> None:
        self.name = name
        self.step = 0
        self.over = False
        self.used = env is not None  # it has run another episode before
        self.run = Simulation(trace, pictures=True, env=env)
        try:
            self.run.reset()
        except BaseException:
            self.close()
            raise

    def take_in(self, more: Trace) -> None:
        """More of its steps are known."""
        self.run.trace = joined(self.run.trace, more)

    def go_on(self, desk: Desk) -> None:
        """Run on to the last step that is known, for a moment at most."""
        until, known = time.monotonic() + MOMENT, len(self.run.trace)
        while self.step < known and not self.over and time.monotonic() < until:
            moment = self.run.again(self.step + 1)
            self.over = moment is None or moment.terminated or moment.truncated
            self.step += 1
            desk.progress(self.step, known + 1)

    @property
    def left(self) -> str:
        """In words, where it left the recording."""
        found = self.run.verdict()
        return found.reason if found.verdict == "diverged" else ""

    def close(self) -> None:
        """Let go of the environment."""
        self.run.__exit__()


_held: Mirror | None = None
_only_fresh: set[str] = set()  # what a used environment did not run the same


def mirror(desk: Desk, name: Any, after: int, more: Trace) -> Glance | None:
    """The picture of episode `name`, of which `more` are the steps after the first `after`. None: those before are not
    known here (another episode is in the mirror, or the worker is a new one)."""
    global _held
    held = _held
    if held is not None and held.name == name and len(held.run.trace) == after:
        held.take_in(more)
    elif after:
        return None
    else:
        _turn_to(desk, name, more)
    try:
        held = _held
        assert held is not None
        held.go_on(desk)
        if held.left and held.used:
            _only_fresh.add(held.run.name)
            trace = held.run.trace
            put_away(desk)
            held = _held = Mirror(name, trace)
            held.go_on(desk)
        picture = jpeg(held.run.picture())
    except RlnbError:
        put_away(desk)
        raise
    return Glance(picture, held.step, len(held.run.trace), held.left)


def _turn_to(desk: Desk, name: Any, trace: Trace) -> None:
    """Another episode begins in the mirror."""
    global _held
    held, _held = _held, None
    alike = held is not None and held.run.recipe == trace.recipe and not trace.recipe.get("vector")
    if held is not None and (not alike or held.over or held.run.name in _only_fresh):
        held.close()
        held = None
    _held = Mirror(name, trace, None if held is None else held.run.env)


def put_away(desk: Desk) -> None:
    """Let go of what is in the mirror."""
    global _held
    held, _held = _held, None
    if held is not None:
        held.close()


def joined(trace: Trace, more: Trace) -> Trace:
    """A trace that goes on."""
    if not len(more):
        return trace
    if not len(trace):
        return more
    checked = None
    if trace.checked is not None or more.checked is not None:
        marks = [np.ones(len(one), np.bool_) if one.checked is None else one.checked for one in (trace, more)]
        checked = np.concatenate(marks)
    return replace(
        trace,
        actions=np.concatenate([trace.actions, more.actions]),
        rewards=np.concatenate([trace.rewards, more.rewards]),
        checks=np.concatenate([trace.checks, more.checks]),
        checked=checked,
    )

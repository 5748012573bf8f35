"""Worker processes that make environments: seen when they are started, whoever starts them.

Gymnasium's `AsyncVectorEnv`, Stable-Baselines3's `SubprocVecEnv` and their relatives all give the function that makes
the environment to a `multiprocessing` process, in a `CloudpickleWrapper`. There it is replaced by one that also records
(`child.Recorded`); nothing else about the process changes, and nothing of ours goes through its pipe.
"""

from __future__ import annotations

import copy
import itertools
import multiprocessing.process
import os
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rlnb.capture import disguise
from rlnb.capture.child import Recorded
from rlnb.capture.child_lanes import ChildLane, ChildPublisher, request_of
from rlnb.capture.place import place
from rlnb.capture.spool import Reader
from rlnb.events import EpisodesEnded, StepsRecorded

if TYPE_CHECKING:
    from rlnb.capture.capture import Capture

PATIENCE = 0.4  # seconds that the end of a session waits for what workers have not written yet
FACTORIES = ("fn", "var", "data")  # where the CloudpickleWrappers of the libraries keep the function

_keys = itertools.count(2**40)  # those of environments in this process count from 1
_Process: Any = multiprocessing.process.BaseProcess


class Child:
    """One worker process."""

    def __init__(self, process: Any, where: str, made_at: float) -> None:
        self.process: weakref.ref[Any] = weakref.ref(process)
        self.place, self.made_at = where, made_at
        self.reader = Reader(tempfile.mkdtemp(prefix="rlnb-worker-"))
        self.lanes: dict[int, ChildLane] = {}
        self.started = False

    @property
    def alive(self) -> bool:
        """Whether it runs, or is about to."""
        if not self.started:
            return True
        process = self.process()
        try:
            return process is not None and process.is_alive()
        except (ValueError, AssertionError):  # it was closed
            return False


class Children:
    """The worker processes of a capture, as `Capture` sees them."""

    def __init__(self, capture: Capture, groups: dict[int, int]) -> None:
        self._capture = capture
        self._publisher = ChildPublisher(capture.desk, groups)
        self._children: list[Child] = []
        self._pulsed: list[tuple[weakref.ref[Any], Callable[[Any], None]]] = []
        self._start: Callable[..., Any] | None = None
        self._pid = os.getpid()

    # --- the door -----------------------------------------------------------------------------------------------

    def install(self) -> None:
        """See every process that is started from here on."""
        if self._start is not None:
            return
        bare = self._start = _Process.start
        children = self

        def start(self: Any) -> Any:
            child = children.starting(self)
            try:
                return bare(self)
            finally:
                if child is not None:
                    child.started = True

        start.__doc__ = bare.__doc__
        _Process.start = start

    def uninstall(self) -> None:
        """Give `Process.start` back, and tell the workers to record no more."""
        if self._start is not None:
            _Process.start = self._start
            self._start = None
        for owner, take_off in self._pulsed:
            env = owner()
            if env is not None:
                take_off(env)
        self._pulsed.clear()
        if os.getpid() == self._pid:
            for child in self._children:
                child.reader.sign("stop")
                child.reader.remove()
        self._children.clear()

    def starting(self, process: Any) -> Child | None:
        """A process is about to start: if it is to make an environment, that one is recorded."""
        found = [(k, name) for k, arg in enumerate(process._args) if (name := _factory(arg)) is not None]
        if len(found) != 1:
            return None
        k, name = found[0]
        child = Child(process, place(sys._getframe(1)), self._capture.clock.elapsed())
        wrapper = copy.copy(process._args[k])
        setattr(wrapper, name, Recorded(getattr(wrapper, name), str(child.reader.folder), os.getpid()))
        process._args = (*process._args[:k], wrapper, *process._args[k + 1 :])
        self._children.append(child)
        self._pulse(sys._getframe(1))
        self._capture.begin_ticking()
        return child

    def _pulse(self, frame: Any) -> None:
        """While workers step, the parent's own loop only passes through the vector environment's `step_wait`: flushes
        and the messages of the page are served there."""
        env: Any = None
        while frame is not None:
            env = frame.f_locals.get("self") if frame.f_code.co_name == "__init__" else None
            if env is not None and callable(getattr(type(env), "step_wait", None)):
                break
            frame = frame.f_back
        if frame is None or any(owner() is env for owner, _ in self._pulsed):
            return
        bare, due, service, now = type(env).step_wait, self._capture.due, self._capture.service, time.monotonic

        def step_wait(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = bare(self, *args, **kwargs)
            if now() > due[0]:
                service()
            return result

        self._pulsed.append((weakref.ref(env), disguise.put_on(env, {"step_wait": step_wait})))

    # --- data ---------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """One flush: what the workers have written since the last."""
        gone: list[Child] = []
        shipped: list[tuple[ChildLane, list[Any]]] = []
        for child in self._children:
            alive = child.alive  # before reading: a dead one writes no more
            found: dict[int, list[Any]] = {}
            for message in child.reader.take():
                if isinstance(message, tuple):
                    self._heard(child, message)
                else:
                    found.setdefault(int(message.lane), []).append(message)
            for number, events in found.items():
                lane = child.lanes[number]
                if any(isinstance(event, StepsRecorded | EpisodesEnded) for event in events):
                    lane.request.last_at = self._capture.clock.elapsed()
                shipped.append((lane, events))
            if child.reader.has("full"):
                self._capture.desk.warn(f"A worker process ({child.place}) was too far ahead and is not recorded on.")
            if not alive:
                gone.append(child)
        self._publisher.publish(shipped)
        for child in gone:
            for lane in child.lanes.values():
                self._publisher.cut(lane)
            child.reader.remove()
            self._children.remove(child)

    def wait(self, over: bool = False) -> None:
        """Let the workers write down all that they have done; with `over`, a session is."""
        alive = [child for child in self._children if child.alive]
        for child in alive:
            for sign in ("anew", "ask") if over else ("ask",):
                child.reader.sign(sign)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and any(child.reader.has("ask") and child.alive for child in alive):
            time.sleep(0.005)

    def lane(self, number: int) -> ChildLane | None:
        """The worker's environment that holds a lane of the session."""
        lanes = [lane for child in self._children for lane in child.lanes.values()]
        return next((lane for lane in lanes if lane.seat is not None and lane.seat.lane == number), None)

    def cut(self) -> None:
        """The session ends."""
        for child in self._children:
            for lane in child.lanes.values():
                self._publisher.cut(lane)
        self._publisher.forget()

    def proven(self, session: str, lane: int) -> None:
        """Episodes of this lane run again exactly: its worker need take no more frames."""
        for child in self._children:
            if any(one.seat is not None and one.seat[:2] == (session, lane) for one in child.lanes.values()):
                child.reader.sign("proven")

    def knows(self, env: Any) -> bool:
        """Whether the workers of a vector environment are recorded."""
        return any(owner() is env for owner, _ in self._pulsed)

    @property
    def idle(self) -> bool:
        """Whether there are none."""
        return not self._children

    def _heard(self, child: Child, message: tuple[Any, ...]) -> None:
        if message[0] == "warn":
            self._capture.desk.warn(message[1])
            return
        _, number, env_id, recipe, at = message
        clock = self._capture.clock
        first_at = clock.elapsed() - max(0.0, clock.now() - at)
        request = request_of(next(_keys), child.place, env_id, recipe, child.made_at, first_at, child.process)
        child.lanes[number] = ChildLane(request)


def _factory(arg: Any) -> str | None:
    """Where an argument of a process keeps the function that makes an environment; None if it is no such argument."""
    if type(arg).__name__ != "CloudpickleWrapper":
        return None
    return next((name for name in FACTORIES if callable(getattr(arg, name, None))), None)

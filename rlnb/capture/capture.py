"""Capture: joins the door, the hooks, the ticker and the publisher."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from rlnb.bus import strict
from rlnb.capture import door, finding, forks, fresh_world, hooked
from rlnb.capture.children import Children
from rlnb.capture.counting import stepped
from rlnb.capture.desk import Desk
from rlnb.capture.interrupts import held_back
from rlnb.capture.layers import below_memory, remakeable
from rlnb.capture.place import place
from rlnb.capture.present import Mark, Present, Presents
from rlnb.capture.publishing import Publisher
from rlnb.capture.recipe import name_of, recipe_of, urgent
from rlnb.capture.recorder import Recorder
from rlnb.capture.taps import Taps
from rlnb.capture.ticker import QUICK, RARELY, SECONDS, Due, Ticker
from rlnb.capture.unseen import Unseen
from rlnb.capture.vector_doors import VectorDoors
from rlnb.capture.vectors import Vectors
from rlnb.capture.watching import refuse_others, watch_vector
from rlnb.clock import Clock

Env = TypeVar("Env")


class Capture:
    """Records environments and hands what they do to a desk.

    >>> capture = Capture(desk, SystemClock())    # doctest: +SKIP
    >>> capture.install()                         # every gymnasium.make from here on
    """

    def __init__(self, desk: Desk, clock: Clock, *, ticking: bool = True) -> None:
        self.desk = desk
        self.clock = clock
        self._ticking = ticking
        self.due = Due([0.0 if ticking else math.inf, 0])
        self._ticker = Ticker(self.due, self._flush_beside) if ticking else None
        self._publisher = Publisher(desk)
        self.vectors = Vectors(self, self._publisher.groups)
        self.children = Children(self, self._publisher.groups)
        self._unseen = Unseen(self.knows)
        self._worlds: list[Callable[[], None]] = []  # undoings of `exact`
        self._recorders: dict[int, Recorder] = {}
        self.taps = Taps(self._recorders, desk)
        self._presents = Presents(self._recorders, self._publisher, self.vectors, self.children)
        self._unhooks: dict[int, Callable[[], None]] = {}
        self._hooked: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._doors = VectorDoors(self)
        self._lock = threading.RLock()
        self._busy = False
        forks.guard(self)

    # --- which environments -------------------------------------------------------------------------------------

    def install(self) -> None:
        """Record every environment that `gymnasium.make` returns from here on, and those that it returned before."""
        if not door.installed():
            self.guarded(self._adopt)
        door.install(self._made)
        self._doors.install()
        self.children.install()

    def uninstall(self) -> None:
        """Give `gymnasium.make` its code back, and every environment that still lives its own methods."""
        door.uninstall()
        self._doors.uninstall()
        self.flush()
        self.children.uninstall()
        self.vectors.let_go()
        for unhook in [*self._unhooks.values(), *self._worlds]:
            unhook()
        self._worlds.clear()
        self._unhooks.clear()
        self._recorders.clear()
        self._hooked.clear()
        if self._ticker is not None:
            self._ticker.stop()

    def watch(self, env: Env, name: str | None = None, exact: bool = False) -> Env:
        """Record an environment that was built directly, or made before; returns the same object.

        `exact` lets each episode begin in a Box2D world of its own, see `fresh_world`.
        """
        if exact:
            self._worlds.extend(fresh_world.begin_anew(env))
        if watch_vector(self, env, place(sys._getframe(1)), name):
            return env
        refuse_others(env)
        if not self.knows(env):
            self._hook(remakeable(env), place(sys._getframe(1)), name, at_once=True)
        return env

    def unrecorded(self, variables: Mapping[str, Any], source: str | None) -> list[str]:
        """After a cell: a line for each environment in these variables that it stepped past the recorder."""
        lines: list[str] = []
        self.guarded(lambda: lines.extend(self._unseen.look(variables, source)))
        return lines

    def _known(self, env: Any) -> bool:
        try:
            return env in self._hooked
        except TypeError:  # an environment that has an equality but no hash
            return any(recorder.owner() is env for recorder in list(self._recorders.values()))

    def _made(self, env: Any) -> None:
        layer, where = below_memory(env), place(sys._getframe(1))
        if not self._doors.defers(layer, where):
            self.guarded(lambda: self.add(layer, where))

    def add(self, env: Any, where: str) -> None:
        """Record an environment that `gymnasium.make` returned."""
        if not self._known(env):
            self._hook(env, where)

    def _adopt(self) -> None:
        """Record the environments that were made before."""
        single, vector = finding.living()
        space = finding.main_namespace()
        for env in single:
            if not self.knows(env):
                self._hook(env, finding.named(env, space), at_once=True)
        for env in vector:
            self.add_vector(env, finding.BEFORE)

    def knows(self, env: Any) -> bool:
        """Whether what `env` does is recorded: itself, or a layer inside it."""
        import gymnasium

        layer = env
        while not self._known(layer):
            if not isinstance(layer, gymnasium.Wrapper):
                return False
            layer = layer.env
        return True

    def add_sync(self, env: Any, where: str, new: set[int]) -> list[Any]:
        """Record a SyncVectorEnv by the row, if its environments (`new` are the ids of those just made) allow it."""
        with self._lock:
            self.vectors.stamp()
            layers = self.vectors.add_sync(env, where, lambda layer: id(layer) in new or self._idle_one(layer))
        if layers:
            self.begin_ticking()
        return layers

    def _idle_one(self, env: Any) -> bool:
        """Whether `env` is recorded and has not been reset or stepped yet."""
        recorder = self._recorders.get(self._hooked.get(env, 0)) if self._known(env) else None
        return recorder is not None and recorder.idle and not recorder.begun

    def release(self, env: Any) -> None:
        """Do not record `env` by itself: what it does is recorded elsewhere. It counts as known all the same."""
        key = self._hooked.setdefault(env, 0)
        self._unhooks.pop(key, lambda: None)()
        self._recorders.pop(key, None)

    def add_vector(
        self,
        env: Any,
        where: str,
        name: str | None = None,
        at_once: bool = False,
        again: Callable[[], Any] | None = None,
    ) -> None:
        """Record a native vector environment. Its recipe is written `at_once`, or when it is first reset; `again` makes
        another one like it."""
        with self._lock:
            self.vectors.stamp()
            self.vectors.add(env, where, name, at_once, again)
        self.begin_ticking()

    def begin_ticking(self) -> None:
        """From the first environment on somebody must flush when nobody steps."""
        if self._ticker is not None:
            self._ticker.start()

    def _hook(self, env: Any, where: str, name: str | None = None, at_once: bool = False) -> None:
        with self._lock:
            for other in self._recorders.values():
                other.stamp()
            recorder = Recorder(env, where, self.clock)
            recorder.env_id = name or name_of(env)
            if at_once or urgent(env):
                recorder.recipe = recipe_of(env)
            self._unhooks[recorder.key] = hooked.hook(
                env, recorder, self.due, self.service, self._fault, self._first_reset
            )
            self._recorders[recorder.key] = recorder
            try:
                self._hooked[env] = recorder.key
            except TypeError:
                pass
        if self._ticker is not None:
            self._ticker.start()

    def _first_reset(self, env: Any, recorder: Recorder) -> None:
        if recorder.recipe is None:
            self.guarded(lambda: setattr(recorder, "recipe", recipe_of(env)))
        self.guarded(self.desk.first_reset)

    # --- data out -----------------------------------------------------------------------------------------------

    def flush(self, wait: bool = False, whole: bool = True) -> None:
        """Publish what has been recorded; from any thread.

        `wait` for what worker processes have not shipped yet; unless `whole`, rows of vector environments may be late.
        """
        if wait:
            self.children.wait()
        with held_back(), self._lock:
            if self._busy:  # a subscriber that steps or flushes
                return
            self._busy = True
            try:
                self.guarded(lambda: self._publish(whole))
            finally:
                self._busy = False

    def cut(self) -> None:
        """A session ends: open episodes become unfinished rows of it, and the next session may go on with them."""
        with held_back(), self._lock:
            self.children.wait(over=True)
            self.flush()
            self.guarded(self.vectors.cut)
            self.guarded(self.children.cut)
            self.guarded(lambda: self._publisher.cut(list(self._recorders.values())))

    @contextlib.contextmanager
    def exclusively(self) -> Iterator[None]:
        """Nothing is flushed by another thread meanwhile: sessions begin and end."""
        with held_back(), self._lock:
            yield

    def wake(self) -> None:
        """Let the very next step flush and tick."""
        self.due[:] = -math.inf, 0

    def steps(self) -> int:
        """Environment steps in the present session, of the group with most; those not flushed yet included."""
        return stepped(self._publisher.groups, self._recorders, self.vectors)

    def present(self, lane: int, mark: Mark | None = None, upto: int = 0) -> Present | None:
        """The episode that a lane is in, as far as it was taken; None where none is open. See `present`."""
        self.flush()
        with held_back(), self._lock:
            return self._presents.of(lane, mark, upto)

    def _publish(self, whole: bool) -> None:
        recorders = list(self._recorders.values())
        gone = [recorder for recorder in recorders if recorder.owner() is None]
        for recorder in gone:
            recorder.closed()
        for recorder in recorders:
            recorder.stamp()
        takes = [taken for recorder in recorders if (taken := recorder.take()) is not None]
        for recorder in gone:
            del self._recorders[recorder.key]
            self._unhooks.pop(recorder.key, None)
        self._publisher.publish(takes)
        for recorder in gone:
            for strip in recorder.tap.take(everything=True) if recorder.tap is not None else ():
                self.desk.publish(strip)
        self.vectors.publish(whole)
        self.children.publish()

    def service(self) -> None:
        """Called by a step that found a flush due: flush, then let the control room have a moment."""
        waiting = sum([len(recorder.checks) for recorder in list(self._recorders.values())])
        self.due[:] = time.monotonic() + SECONDS if self._ticking else math.inf, RARELY if waiting > QUICK else 0
        if self._busy:
            return
        self.flush(whole=False)
        self.desk.tick()

    def _flush_beside(self) -> None:
        """Called by the ticker when nobody steps."""
        recorders = list(self._recorders.values())
        if not (self.vectors.idle and self.children.idle and all(recorder.idle for recorder in recorders)):
            self.flush()

    def proven(self, session: str, lane: int) -> None:
        """Episodes of this lane run again exactly: no more frames are taken of such environments."""
        self.taps.proven(session, lane)
        self.children.proven(session, lane)

    def hand_out(self) -> None:
        """Publish the pictures of every episode that is over (see `frames`)."""
        with held_back(), self._lock:
            self.guarded(self.taps.hand_out)

    # --- faults -------------------------------------------------------------------------------------------------

    def guarded(self, do: Callable[[], None]) -> None:
        """Do something of rlnb's own: when it fails, that is said and the person's code goes on."""
        try:
            do()
        except Exception as error:
            if strict():
                raise
            self.desk.warn(f"recording failed ({type(error).__name__}: {error}); training goes on.")

    def _fault(self, recorder: Recorder, error: Exception) -> None:
        """A failure in recording one environment: it is let go, and said once."""
        self._unhooks.pop(recorder.key, lambda: None)()
        recorder.closed()
        if strict():
            raise error
        self.desk.warn(
            f"{recorder.env_id} ({recorder.place}) is not recorded any more: {type(error).__name__}: {error}. "
            "Training goes on."
        )

    def forget(self) -> None:
        """In a forked child: the parent records, the child does not."""
        self._lock, self._busy = threading.RLock(), False
        door.uninstall()
        self._doors.uninstall()
        self.children.uninstall()
        self.vectors.let_go()
        for unhook in list(self._unhooks.values()):
            unhook()
        self._unhooks.clear()
        self._recorders.clear()

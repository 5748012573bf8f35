"""Behind `rlnb.hook`: what algorithms say goes to the session that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlnb.control.recording.knobs import Knob, as_range
from rlnb.events import SessionChanged

if TYPE_CHECKING:
    from rlnb.control.room import Room


class Listener:
    """The hook's listener while rlnb is installed."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def log(self, numbers: Mapping[str, Any], step: int | None) -> None:
        if self._room.desk.recording:
            self._room.desk.numbers.log(numbers, step)

    def progress(self, done: int, total: int | None) -> None:
        current = self._room.current
        if current is not None and total and total != current.total_steps:
            current.total_steps = total
            self._room.bus.publish(SessionChanged(current.id, {"total_steps": total}))

    def stopping(self) -> bool:
        current = self._room.current
        if current is None:
            return False
        current.polite = True
        return current.stop_asked

    def knob(self, name: str, get: Callable[[], float], set: Callable[[float], None]) -> None:
        """A number of an algorithm's becomes a slider of the running session."""
        low, _, high = as_range(name, float(get()))
        self._room.desk.board.offer(Knob(name, low, high, get, set))

    def learner(self, settings: Mapping[str, Any] | None, envs: Sequence[Any]) -> None:
        """An algorithm begins to learn, or is done. What it steps is recorded, also what no `make` made."""
        desk = self._room.desk
        desk.capture.guarded(lambda: desk.adopt(desk.lessons.say(settings, own=bool(envs))))
        self.see(envs)

    def see(self, envs: Sequence[Any]) -> None:
        """An algorithm will step these: those that nobody records yet are recorded."""
        self._room.desk.capture.guarded(lambda: self._see(envs))

    def _see(self, envs: Sequence[Any]) -> None:
        desk = self._room.desk
        if envs:
            desk.lessons.know(envs)
        for env in envs if desk.recording else ():
            inside = [part for part in vars(env).values() if hasattr(part, "step")]  # one that steps a recorded one
            if not any(map(desk.capture.knows, [env, *inside])):
                desk.capture.watch(env)

    def explain(self, fn: Callable[[Any], Mapping[str, Any]]) -> None:
        """The policy of the session that runs, or of the next one."""
        self._room.minds.say(fn)

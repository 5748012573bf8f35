"""The desk: begins and ends sessions, seats environments, counts what the capture hands in."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from rlnb.capture import Capture, Seat, SeatRequest
from rlnb.control.recording import looking, provenance
from rlnb.control.recording.cell_sessions import CellSessions
from rlnb.control.recording.exclusive import exclusive
from rlnb.control.recording.knobs import Board
from rlnb.control.recording.lessons import Lesson, Lessons
from rlnb.control.recording.numbers import Numbers
from rlnb.control.recording.params import on_the_stack
from rlnb.control.recording.running import Running
from rlnb.control.recording.script import how
from rlnb.errors import BadValue
from rlnb.events import (
    EpisodesEnded,
    Event,
    LaneOpened,
    LanesStepped,
    Origin,
    SessionChanged,
    SessionEnded,
    Status,
    StepsRecorded,
)
from rlnb.kernel import StopTraining
from rlnb.training import JUDGED

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.kernel import Cell

MOST_MARKS = 200  # in the chart of a session; all moves are in its metrics


class Desk:
    """One a room. The capture asks it for seats and hands it events; cells and blocks begin and end at it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._clock = room.clock
        self._notebook = room.notebook
        self._bus = room.bus
        self.capture = Capture(self, room.clock)
        self.numbers = Numbers(self.capture.steps, room.warn, self._nobody_steps)
        self.board = Board(self)
        self.lessons = Lessons(room.clock)
        self.cells = CellSessions(self)
        self.current: Running | None = None
        self.recording = True
        self._free_since = self._clock.elapsed()  # no session ran before: a new one began at the earliest then
        self.left_by = 0  # the id of the exception that the last block was left with: the exception itself holds frames
        self._noticed: dict[str, Any] = {}  # settings, at the first reset since a session ran
        self.given: dict[str, Any] = {}  # name, params, tags said by %%rlnb or `watch` for the session that comes

    @property
    def cell(self) -> Cell | None:
        """The cell that runs."""
        return self.cells.now

    def variables(self) -> Mapping[str, Any]:
        """The notebook's, or the script's."""
        main = vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}
        return self._notebook.user_namespace() if self._notebook else main

    def warn(self, message: str) -> None:
        """Say a thing once."""
        self._room.warn(message)

    # --- sessions -----------------------------------------------------------------------------------------------

    @exclusive
    def going(self, thread: int = 0, **known: Any) -> Running:
        """The session that runs; where none does, one begins: that of `thread` (0: the present one)."""
        if self.current is None:
            cell = self.cells.background.cell_left(thread or threading.get_ident())
            running = self.begin("cell" if self._notebook else "script", cell=cell, **known, **self.given)
            running.left = cell is not None
            if self._notebook is None:
                self.given = {}  # said for this one; in a notebook, for all of its cell
        return cast(Running, self.current)

    @exclusive
    def begin(
        self,
        origin: Origin,
        *,
        name: str | None = None,
        env_id: str | None = None,
        params: Mapping[str, Any] | None = None,
        tags: tuple[str, ...] = (),
        seed: int | None = None,
        total_steps: int | None = None,
        scratch: bool = True,
        since: float | None = None,
        cell: Cell | None = None,
    ) -> Running:
        """Start a session; what was not said is looked up. `since` is `clock.elapsed()` of its first reset; `cell` the
        one that began it, where that is over."""
        self._room.store_to_record_into()  # opened before the first event is published
        now = self._clock.elapsed()
        cell = cell or self.cell
        since = now if since is None else min(now, max(since, self._free_since))
        source = cell.source if cell else None
        lesson = self.lessons.at(since, 0) if origin != "block" else None
        found = looking.look(
            env_id,
            frame=looking.stepping(),
            source=source or "",
            cell_number=cell.execution_count if cell else None,
            namespace=self.variables(),
            noticed=self._noticed,
            said=params,
            whole=origin == "block",
            lesson=lesson,
        )
        sure, seed = found.sure or seed is not None, found.seed if seed is None else seed
        running = Running(
            name=name or found.name,
            origin=origin,
            at=self._clock.now() - (now - since),
            since=since,
            env_id=env_id,
            params=found.params,
            seed=seed,
            total_steps=total_steps,
            scratch=scratch,
            seed_is_sure=sure,
            named=name is not None,
            said=looking.as_said(params or {}),
            adopted=lesson,
        )
        self.numbers.forget()
        self.current, self._noticed = running, {}
        self._bus.publish(running.started(tags, provenance.provenance(source or looking.script_name())))
        if self._notebook is not None and self.cell is not None:
            self._notebook.treat_interrupt_as_stop(True)
        self._room.minds.begin(running.id, found.learner)
        self._room.live.begin(running)
        self._room.onlookers.begin()
        return running

    @exclusive
    def end(self, status: Status, error: str | None = None) -> None:
        """End the running session; everything captured before is flushed to it."""
        self.capture.cut()
        running = self.current
        if running is None:
            return
        self._publish_numbers(running)
        self._change(running, running.conclude())
        self._bus.publish(SessionEnded(running.id, self._clock.now(), status, error))
        self.current = None
        self.board.clear_offers()
        self.free_from_now()
        self._room.onlookers.end()
        self._room.live.end(running, status, error)
        if running.origin != "block" and running.trainings > 1:
            print(
                f"rlnb: this {running.origin} trained {running.trainings} times, one after another, and recorded it as "
                f"one session. rlnb.get({running.id!r}).split() makes a session of each."
            )

    @contextlib.contextmanager
    def block(self, **said: Any) -> Iterator[Running]:
        """`with rlnb.session(...)`."""
        with self.capture.exclusively():
            if self.current is not None and self.current.origin == "block":
                raise BadValue(
                    f"The session {self.current.name!r} is still open: `with rlnb.session(...)` blocks do not nest. "
                    "End the first before the second begins."
                )
            self.end("finished")
            running = self.begin("block", scratch=False, **said)
        ended = how(None)
        try:
            yield running
        except BaseException as error:
            ended, self.left_by = how(error, running.stop_asked), id(error)
            raise
        finally:
            if self.current is running:  # another thread may have begun the next one
                self.end(*(how(None, running.stop_asked) if ended[0] == "finished" else ended))

    def free_from_now(self) -> None:
        """A session that begins from here on did not begin earlier."""
        self._noticed = {}
        self._free_since = self._clock.elapsed()

    # --- the capture's desk -------------------------------------------------------------------------------------

    def first_reset(self) -> None:
        """What the code that resets an environment is set to, where no session runs: this may begin one."""
        if self.current is None and self.recording:
            self._noticed = on_the_stack(sys._getframe(1)) or self._noticed

    def seat(self, request: SeatRequest) -> Seat | None:
        """Give a recorded environment its lane; the first one of a cell begins the session."""
        if not self.recording:
            return None
        running = self.going(request.thread, env_id=request.env_id, since=request.first_at)
        if running.env_id is None:
            running.env_id = request.env_id
            fields: dict[str, Any] = {"env_id": request.env_id}
            if running.name == "session":
                running.name = fields["name"] = request.env_id
            self._change(running, fields)
        self.cells.seated(running, request.thread)
        lesson = self.lessons.at(request.first_at, request.thread)
        if lesson is not None and (request.place.endswith(JUDGED) or not lesson.steps_in(request.owner())):
            lesson = None
        # what one algorithm learns in is one group: the environment that it was given, and those that it made like it
        place = running.lessons.get(lesson.at, request.place) if lesson and lesson.own else request.place
        lane, fresh = running.lanes.seat(request, place, lesson is not None)
        if fresh:
            recipe = request.recipe if lesson is None else self._taught(running, request, lesson)
            running.openings[lane.lane] = running.openings.get(lane.lane, 0) + 1
            running.env_of.setdefault(lane.group, request.env_id)
            running.signs.note(lane.group, place, recipe)
            self._change(running, running.take_seed(request.seed))
            if lesson is not None:
                running.lesson_of.setdefault(lane.group, lesson)
            self._bus.publish(
                LaneOpened(running.id, self._clock.now(), lane.lane, lane.group, str(place), recipe, lane.width)
            )
            self._room.live.lane_opened(request)
        return Seat(running.id, lane.lane, lane.group)

    def _taught(self, running: Running, request: SeatRequest, lesson: Lesson) -> Mapping[str, Any]:
        """The recipe of an environment, with the algorithm that learns in it."""
        self.adopt(lesson)
        running.lessons.setdefault(lesson.at, request.place)
        return {**request.recipe, "learner": lesson.told()}

    def adopt(self, lesson: Lesson | None) -> None:
        """An algorithm learns: a session that knows of none yet has its settings."""
        running = self.current
        if running is not None and lesson is not None and running.adopted is None:
            self._change(running, running.adopt(lesson))

    def _change(self, running: Running, fields: Mapping[str, Any]) -> None:
        """Its fields are others now: the store and the view hear of it."""
        if fields:
            self._bus.publish(SessionChanged(running.id, fields))
            self._room.live.changed(running.id, fields)

    def publish(self, event: Event) -> None:
        """Count what the capture hands in, and pass it on."""
        self._bus.publish(event)
        running = self.current
        if running is None:
            return
        if isinstance(event, StepsRecorded | LanesStepped):
            running.count_steps(event)
        elif isinstance(event, EpisodesEnded):
            self._change(running, running.see_start(event))
            running.count_episodes(event)
            if running.hold.breaks and event.group == running.training_group:
                running.hold.hear(event)
        self._grow_up(running)

    def settle(self) -> None:
        """Publish everything that was captured and logged so far, also by a loop that only logs."""
        self.capture.flush(wait=True)
        if not len(self.numbers):
            return
        main = threading.current_thread() is threading.main_thread()
        with self.capture.exclusively():
            running = self.going(self.numbers.thread) if main else self.current
            if running is not None:
                self.cells.seated(running, self.numbers.thread)
                self._publish_numbers(running)

    def _publish_numbers(self, running: Running) -> None:
        with self.capture.exclusively():  # an interrupt would lose what was collected, or have it written twice
            if running is not self.current:
                return  # it ended while this thread waited
            logged = self.numbers.collect(running.id)
            if logged is None:
                return
            self._bus.publish(logged)
            running.hold.hear(logged)
            running.logged += max(map(len, logged.values.values()))
            self._grow_up(running)

    def _grow_up(self, running: Running) -> None:
        if running.scratch and running.grown_up:
            running.scratch = False
            self._change(running, {"scratch": False})

    def tick(self) -> None:
        """At most 20 times a second, between two steps: messages from the page, the view, the person's wishes."""
        running = self.current
        self.numbers.seen()
        if running is not None:
            self._publish_numbers(running)
        self._look()
        if running is None or threading.current_thread().name.startswith("rlnb "):
            return
        self.cells.background.hear(running)
        if running.hold.keep(self.capture.steps, lambda: running.stop_asked, self._look):
            self.capture.wake()
        if running.stop_asked and not running.polite:
            raise StopTraining("stopped from the live view")

    def _nobody_steps(self) -> None:
        """Numbers are logged, and no step has flushed for a while: a loop over stored data has its view and its Stop
        as well. (An algorithm that asks `hook.stopping()` is not interrupted.)"""
        self.cells.seated(self.going(), self.numbers.thread)
        self.capture.flush()
        self.tick()

    def mark(self, label: str) -> None:
        """Note in the chart what the person did just now."""
        running = self.current
        if running is not None and len(running.marks) < MOST_MARKS:
            time = self._clock.elapsed() - running.since
            steps = self.capture.steps()
            running.marks.append({"step": steps, "time": time, "episode": running.episodes, "label": label})

    def wait(self, seconds: float) -> None:
        """Wait while something runs elsewhere; the page is answered meanwhile."""
        self._look()
        time.sleep(seconds)

    def _look(self) -> None:
        """At what the page says, and show it what is new."""
        if self._notebook is not None:
            self._notebook.pump()
        sent = self._room.live.tick()
        self._room.onlookers.tick()
        if sent and self._notebook is not None:
            self._notebook.let_out()

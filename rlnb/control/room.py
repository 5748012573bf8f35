"""The control room of a process: joins desk, store, views and the worker, and opens and closes them."""

from __future__ import annotations

import atexit
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb import hook
from rlnb.bus import Bus, warn_on_stderr
from rlnb.clock import Clock, SystemClock
from rlnb.control import home
from rlnb.control.films.explaining import Minds
from rlnb.control.films.films import Films
from rlnb.control.films.proofs import Proofs
from rlnb.control.recording import sb3_learning
from rlnb.control.recording.desk import Desk
from rlnb.control.recording.listening import Listener
from rlnb.control.recording.running import Running
from rlnb.control.recording.script import Script
from rlnb.control.view.live import Live
from rlnb.control.view.onlookers import Onlookers
from rlnb.control.view.reference import Reference
from rlnb.errors import EpisodeNotFound, RlnbError
from rlnb.events import FramesTaken, SessionChanged
from rlnb.kernel import Notebook
from rlnb.store import Store

if TYPE_CHECKING:
    from rlnb.kernel import Cell
    from rlnb.replays import Worker


class Room:
    """Joins the rooms of one process."""

    def __init__(self, clock: Clock | None = None, notebook: Notebook | None = None) -> None:
        self.clock = clock or SystemClock()
        self.notebook = notebook
        self.bus = Bus(self.warn)
        self.desk = Desk(self)
        self.live = Live(self)
        self.films = Films(self)
        self.script = Script(self)
        self.onlookers = Onlookers(self)
        self.proofs = Proofs(self)
        self.reference = Reference(self)
        self.bus.subscribe(FramesTaken, self.proofs.hear)
        self.minds = Minds(self)
        self._said: set[str] = set()
        self._opening = threading.RLock()  # films, proofs and flushes are threads of their own
        self._store: Store | None = None
        self._path: Path | None = None
        self._detach: Callable[[], None] = lambda: None
        self._worker: Worker | None = None
        self._undo: list[Callable[[], Any]] = []

    @property
    def current(self) -> Running | None:
        """The session that runs."""
        return self.desk.current

    # --- opening and closing ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to hear of cells (in a notebook) or of the end of the process (in a script)."""
        if self._undo:
            return
        if self.notebook is not None:
            self._undo.append(self.notebook.on_cell(self._cell_began, self.desk.cells.ended))
        else:
            self._undo.append(self.script.install())
        listener = Listener(self)
        before = hook.listen(listener)
        self._undo.append(lambda: hook.listen(before))
        self._undo.append(sb3_learning.install(listener.see))
        atexit.register(self.close)
        self._undo.append(lambda: atexit.unregister(self.close))

    def _cell_began(self, cell: Cell) -> None:
        self.live.tidy()
        self.desk.cells.began(cell)

    def close(self) -> None:
        """End what runs, give everything back."""
        self.proofs.close()
        self.reference.close()
        with self.desk.capture.exclusively():
            self.desk.capture.cut()
            if self.current is not None:
                self.desk.end(*self.script.ended)
            self.desk.recording = False  # a thread that steps on begins nothing any more
        self.desk.cells.background.close()
        self.desk.capture.uninstall()
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        self.onlookers.close()
        self.live.close()
        self.minds.close()
        if self.notebook is not None:
            self.notebook.restore()
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        self.shut_store()

    @property
    def store(self) -> Store:
        """The store, opened at first use."""
        with self._opening:
            if self._store is None:
                self._store = Store(self._path or home.default_path(), self.clock)
                self._detach = self._store.attach(self.bus)
                self._close_before_the_store()
            return self._store

    def store_to_record_into(self) -> Store:
        """The store; where the wanted place can have none (it is somebody else's file, or a newer rlnb's), that is said
        once, and the sessions go into a temporary folder: training goes on, and nothing recorded is lost."""
        try:
            return self.store
        except RlnbError as error:
            spare = Path(tempfile.mkdtemp(prefix="rlnb-")) / home.FILE
            self.use(spare)
            self.warn(f"{error} Until then sessions are recorded into {spare}, which the system may clear.")
            return self.store

    def use(self, path: Path) -> None:
        """Read and write another store from now on; a running session ends in the old one."""
        opened = Store(path, self.clock)  # raises before anything is changed
        with self.desk.capture.exclusively(), self._opening:  # a thread that steps on begins its next one there
            self.desk.capture.cut()
            if self.current is not None:
                self.desk.end("finished")
            self.shut_store()
            self._path, self._store = path, opened
            self._detach = opened.attach(self.bus)
            self._close_before_the_store()

    def _close_before_the_store(self) -> None:
        """What is registered last runs first at exit: sessions end while the store can still hear it."""
        if self._undo:
            atexit.unregister(self.close)
            atexit.register(self.close)

    def shut_store(self) -> None:
        if self._store is not None:
            self._detach()
            self._store.close()
            self._store = None

    @property
    def worker(self) -> Worker:
        """The process that re-simulates and renders."""
        with self._opening:
            if self._worker is None:
                from rlnb.replays import Worker

                self._worker = Worker()
            return self._worker

    def warn(self, message: str) -> None:
        """Say a thing once, in plain words."""
        if message not in self._said:
            self._said.add(message)
            warn_on_stderr(message)

    def settle(self) -> None:
        """Put everything that was captured and logged so far on disk, so that it can be read."""
        self.desk.settle()
        self.store.flush()

    def running(self, id: str) -> Running | None:
        """The running session of that id."""
        return self.current if self.current is not None and self.current.id == id else None

    def store_number(self, id: str, lane: int, first: int) -> int:
        """The number in `session.episodes` of the episode that began at a lane's step."""
        self.settle()
        keys = self.store.keys(id)
        if (lane, first) not in keys:
            raise EpisodeNotFound(f"the episode that began at step {first} of lane {lane} is not in the store.")
        return keys.index((lane, first))

    def record(self, on: bool) -> None:
        """`%rlnb on` and `%rlnb off`."""
        with self.desk.capture.exclusively():
            if not on:
                self.desk.end("finished")
            self.desk.recording = on

    def status_line(self) -> str:
        """What `%rlnb` says."""
        if not self.desk.recording:
            return "rlnb is off: nothing is recorded. `%rlnb on` goes on."
        table = self.store.sessions(scratch=True)
        size = self.store.size() / 1e6
        now = f"; now: {self.current.name}" if self.current else ""
        return f"rlnb is on{now}. {len(table)} sessions, {size:.1f} MB in {self.store.path}"

    def show(self, widget: Callable[[], Any], static: dict[str, Any], text: str) -> None:
        """Show a widget and, beside it, what stays of it without a kernel; a line of text where there is no page."""
        if self.notebook is None or not self.notebook.has_frontend:
            print(text)
            return
        self.notebook.show(widget(), static)

    def change(self, id: str, **fields: Any) -> None:
        """Change fields of a session, running or not; its view follows."""
        running = self.running(id)
        if running is not None:
            if "name" in fields:
                running.name, running.named = fields["name"], True
            self.bus.publish(SessionChanged(id, fields))
        else:
            self.store.update(id, **fields)
        self.live.changed(id, fields)

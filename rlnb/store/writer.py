"""The writer: one connection, and a transaction every half second at most.

Publishing an event costs an append under a lock. A write that is due is made by the thread that publishes, while the
disk answers quickly: it is some 10 ms twice a second. A second thread takes and gives back the interpreter's lock a
hundred times for it, which cost the publisher four times as much (`tests/benchmarks/step_overhead.py`). Where a write
takes longer than `QUICK`, or nobody publishes any more, the writer's own thread does it. When the file cannot be
written, that is said once in plain words, the events stay in memory (bounded, see `backlog`), and it is tried again.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from rlnb.bus import strict
from rlnb.clock import Clock
from rlnb.errors import StoreError
from rlnb.events import Event, LanesStepped, StepsRecorded
from rlnb.store.backlog import EAGER, FULL, Backlog, Waiting
from rlnb.store.ledger import Ledger
from rlnb.store.link import Link
from rlnb.store.owner import BEAT, Owner
from rlnb.store.refuge import Refuge
from rlnb.store.trouble import Trouble

INTERVAL = 0.5  # seconds between transactions
GRACE = 0.25  # seconds that the thread leaves to a publisher before it writes what is due
QUICK = 0.1  # seconds that a write may take for a publisher to make the next one too
PATIENCE = 2.0  # seconds that a publisher waits for a writer that is behind

T = TypeVar("T")
Job = tuple[Callable[[sqlite3.Connection, Ledger], Any], "Future[Any]"]


class Writer:
    """Writes what is put in, in order, until closed."""

    def __init__(self, path: Path, clock: Clock, warn: Callable[[str], None], refuge: Refuge | None = None) -> None:
        self.refuge = refuge  # that `path` is in, because the wanted place cannot be used
        self.clock = clock
        self.owner = Owner()
        self.trouble = Trouble(warn)
        self.link = Link(path, self.owner, clock.now, warn, self.trouble.event)
        self.file = threading.Lock()  # held while the connection is in use
        self._state = threading.Condition()
        self._backlog = Backlog()
        self._jobs: list[Job] = []
        self._wanted = False  # somebody waits for the next write
        self._written = 0  # writes tried so far
        self._writing = False  # one is being tried
        self._closing = self.closed = False
        self._thread: threading.Thread | None = None
        self._quick = True
        self._newest = 0.0  # when the last event came
        self._last = -INTERVAL  # when the last write ended
        self._beaten = 0.0

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self.link.path

    def put(self, event: Event) -> None:
        """Queue an event. A publisher far ahead of the disk waits a moment; one whose disk is full does not."""
        with self._state:
            if self.closed:
                return
            self._start()
            self._backlog.add(event)
            self._newest = now = time.monotonic()
            if self._backlog.bytes > EAGER or len(self._backlog) == 1:
                self._state.notify_all()
            wait = INTERVAL + (
                GRACE / 4 if isinstance(event, StepsRecorded | LanesStepped) else 0.0
            )  # for their episodes
            due = self._backlog.bytes > EAGER or now - self._last >= wait
        if due and self._quick and not self.trouble.why and self.file.acquire(blocking=False):
            begun = time.monotonic()
            self._turn(())
            self._quick = time.monotonic() - begun < QUICK
        with self._state:
            if self._backlog.bytes > FULL:
                if not self.trouble.why:
                    self._state.wait_for(lambda: self._backlog.bytes <= FULL or self.trouble.why, PATIENCE)
                self._backlog.shed()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was put so far was tried to be written; False where the file would not take it."""
        with self._state:
            if self._thread is None or self.closed:
                return True
            goal = self._written + (2 if self._writing else 1)
            until = math.inf if timeout is None else time.monotonic() + timeout
            while self._written < goal and self._thread.is_alive() and (rest := until - time.monotonic()) > 0:
                self._wanted = True
                self._state.notify_all()
                self._state.wait(min(rest, 1.0))
            fault = self.trouble.take_fault()
        if fault is not None and strict():
            raise fault
        return self.trouble.why is None

    def do(self, job: Callable[[sqlite3.Connection, Ledger], T]) -> T:
        """Run `job` in the writer's thread, in a transaction of its own, after all that was put before."""
        done: Future[T] = Future()
        with self._state:
            if self.closed or self._closing:
                raise StoreError(f"The store {self.path} is closed.")
            self._start()
            self._jobs.append((job, done))
            self._wanted = True
            self._state.notify_all()
        try:
            return done.result()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path} could not be written: {error}. Nothing was changed.") from error

    def shrink(self) -> None:
        """Give the free pages of the file back to the disk."""
        with self.file:
            try:
                conn, _ = self.link.open()
                conn.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error:
                pass  # somebody reads: the pages are used again later

    def close(self) -> None:
        """Write what is left, and end the thread."""
        with self._state:
            if self.closed:
                return
            self._closing = True
            self._state.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self.closed = True
        if self.refuge:
            self.refuge.leave()
        self.owner.leave()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rlnb store writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._state:
                while not (self._closing or self._wanted):
                    rest = self._last + INTERVAL + (GRACE if self._quick else 0.0) - time.monotonic()
                    pause = self.refuge.pause() if self.refuge and not self.refuge.over else math.inf
                    if pause <= 0 or (self._backlog.bytes > 2 * EAGER and not self.trouble.why):
                        break
                    if len(self._backlog):
                        if rest <= 0:
                            break
                        self._state.wait(min(rest, pause))
                        continue
                    pause = min(pause, BEAT if self.link.live() else math.inf)
                    if not self._state.wait(None if pause == math.inf else pause):
                        break
            self.file.acquire()
            with self._state:
                closing, asked, self._wanted = self._closing, self._wanted, False
                jobs, self._jobs = self._jobs, []
            self._turn(jobs, closing, asked)
            for force in (False, False, True):
                if not self.refuge or self.refuge.ship(force) or not closing:
                    break
                with self.file:
                    self.refuge.visit(self.link, asked, last=True)
            if closing:
                return

    def _turn(self, jobs: Sequence[Job], closing: bool = False, asked: bool | None = None) -> None:
        """One write of all that waits, then the jobs. `file` is held, and given back. `asked`: None for a publisher,
        who has no time for the way home of a refuge."""
        try:
            with self._state:
                events = self._backlog.take(closing or bool(asked) or time.monotonic() - self._newest >= GRACE)
                self._writing = True
                self._state.notify_all()
            self._write(events)
            for job, done in jobs:
                self._do(job, done)
            if closing:
                if len(self._backlog):
                    self.trouble.warn(
                        f"{self.path} could not be written until the end: {len(self._backlog)} records are lost."
                    )
                self.link.leave()
            if self.refuge and asked is not None:
                self.refuge.visit(self.link, asked, closing)
        except Exception as error:  # the writer goes on whatever happens
            what = f"({type(error).__name__}: {error})"
            self.trouble.own("thread", error, f"The store's writer stumbled {what} and goes on.")
        finally:
            self.file.release()
            with self._state:
                self._last = time.monotonic()
                self._written, self._writing = self._written + 1, False
                self.closed = self.closed or closing
                self._state.notify_all()

    def _write(self, events: list[Waiting]) -> None:
        """One transaction. When it fails, the events go back to the backlog."""
        beat = self.link.live() and time.monotonic() - self._beaten > BEAT
        if not events and not beat:
            return
        written = begun = False
        try:
            conn, ledger = self.link.open()
            conn.execute("BEGIN IMMEDIATE")
            begun = True
            ledger.write(events, self.trouble.event)
            if beat:
                self.owner.beat(conn, self.clock.now())
                self._beaten = time.monotonic()
            conn.execute("COMMIT")
            written = True
            self.link.remember(events)
        except (sqlite3.Error, OSError) as error:
            self.link.roll_back()
            if self.link.begin_anew(error):
                self._write(events)
                return
            with self._state:
                self._backlog.put_back(events)
                self._state.notify_all()
            self.trouble.begins(self.path, error)
        except Exception as error:  # a fault of rlnb's own, or a store of a newer rlnb in our place
            self.link.roll_back()
            what = f"({type(error).__name__}: {error})"
            self.trouble.own("fault", error, f"Some of what was recorded could not be stored {what}.")
        except BaseException:  # the notebook's interrupt: the person's, and nothing is lost by it
            written = written or (begun and not conn.in_transaction)  # it came while COMMIT returned
            self.link.roll_back()
            if not written:
                with self._state:
                    self._backlog.put_back(events)
            raise
        else:
            self.trouble.over(self.path, self._backlog)

    def _do(self, job: Callable[[sqlite3.Connection, Ledger], Any], done: Future[Any]) -> None:
        try:
            conn, ledger = self.link.open()
            conn.execute("BEGIN IMMEDIATE")
            result = job(conn, ledger)
            conn.execute("COMMIT")
        except BaseException as error:
            self.link.roll_back()
            done.set_exception(error)
        else:
            ledger.forget()  # a job may have changed anything
            done.set_result(result)

    # --- forks -------------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Wait until no transaction is going on, and let none begin."""
        self.file.acquire()
        self._state.acquire()

    def after_fork(self) -> None:
        """In the parent: go on."""
        self._state.release()
        self.file.release()

    def born_by_fork(self) -> sqlite3.Connection | None:
        """In the child: a writer that takes nothing; returns the parent's connection."""
        self._state, self.file = threading.Condition(), threading.Lock()
        self._backlog, self._jobs, self._thread = Backlog(), [], None
        self.closed = True
        return self.link.born_by_fork()

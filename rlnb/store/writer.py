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
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from rlnb.bus import strict
from rlnb.clock import Clock
from rlnb.errors import StoreError
from rlnb.events import Event, LaneOpened, SessionEnded, SessionStarted
from rlnb.store.backlog import EAGER, FULL, Backlog, Waiting
from rlnb.store.file import connect, damaged, make_ready, set_aside
from rlnb.store.ledger import Ledger
from rlnb.store.owner import BEAT, Owner

INTERVAL = 0.5  # seconds between transactions
GRACE = 0.25  # seconds that the thread leaves to a publisher before it writes what is due
QUICK = 0.1  # seconds that a write may take for a publisher to make the next one too
PATIENCE = 2.0  # seconds that a publisher waits for a writer that is behind

T = TypeVar("T")
Job = tuple[Callable[[sqlite3.Connection, Ledger], Any], "Future[Any]"]


class Writer:
    """Writes what is put in, in order, until closed."""

    def __init__(self, path: Path, clock: Clock, warn: Callable[[str], None]) -> None:
        self.path, self.clock, self.warn = path, clock, warn
        self.owner = Owner()
        self.failing: str | None = None  # why the file takes nothing at the moment
        self.file = threading.Lock()  # held while the connection is in use
        self._state = threading.Condition()
        self._backlog = Backlog()
        self._jobs: list[Job] = []
        self._wanted = False  # somebody waits for the next write
        self._written = 0  # writes tried so far
        self._writing = False  # one is being tried
        self._closing = self.closed = False
        self._said: set[str] = set()
        self._fault: Exception | None = None
        self._conn: sqlite3.Connection | None = None
        self._ledger: Ledger | None = None
        self._thread: threading.Thread | None = None
        self._quick = True
        self._last = -INTERVAL  # when the last write ended
        self._beaten = 0.0
        self._inode: int | None = None  # of the file that the connection is open on
        self._founding: dict[str, list[Event]] = {}  # of each running session: its beginning and its lanes

    def put(self, event: Event) -> None:
        """Queue an event. A publisher far ahead of the disk waits a moment; one whose disk is full does not."""
        with self._state:
            if self.closed:
                return
            self._start()
            self._backlog.add(event)
            if self._backlog.bytes > EAGER or len(self._backlog) == 1:
                self._state.notify_all()
            due = self._backlog.bytes > EAGER or time.monotonic() - self._last >= INTERVAL
        if due and self._quick and not self.failing and self.file.acquire(blocking=False):
            begun = time.monotonic()
            self._turn(())
            self._quick = time.monotonic() - begun < QUICK
        with self._state:
            if self._backlog.bytes > FULL:
                if not self.failing:
                    self._state.wait_for(lambda: self._backlog.bytes <= FULL or self.failing, PATIENCE)
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
            fault, self._fault = self._fault, None
        if fault is not None and strict():
            raise fault
        return self.failing is None

    def do(self, job: Callable[[sqlite3.Connection, Ledger], T]) -> T:
        """Run `job` in the writer's thread, in a transaction of its own, after all that was put before."""
        done: Future[T] = Future()
        with self._state:
            if self.closed:
                raise StoreError(f"The store {self.path} is closed.")
            self._start()
            self._jobs.append((job, done))
            self._wanted = True
            self._state.notify_all()
        try:
            return done.result()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} could not be written: {error}. Nothing was changed.") from error

    def shrink(self) -> None:
        """Give the free pages of the file back to the disk."""
        with self.file:
            try:
                conn, _ = self._open()
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
                    if self._backlog.bytes > 2 * EAGER and not self.failing:
                        break
                    if len(self._backlog):
                        if rest <= 0:
                            break
                        self._state.wait(rest)
                    elif not self._state.wait(BEAT if self._live() else None):
                        break
            self.file.acquire()
            with self._state:
                closing, self._wanted = self._closing, False
                jobs, self._jobs = self._jobs, []
            self._turn(jobs, closing)
            if closing:
                return

    def _turn(self, jobs: Sequence[Job], closing: bool = False) -> None:
        """One write of all that waits, then the jobs. `file` is held, and given back."""
        with self._state:
            events = self._backlog.take()
            self._writing = True
            self._state.notify_all()
        try:
            self._write(events)
            for job, done in jobs:
                self._do(job, done)
            if closing:
                self._leave()
        except Exception as error:  # the writer goes on whatever happens
            self._fault = error
            self._say("thread", f"The store's writer stumbled ({type(error).__name__}: {error}) and goes on.")
        finally:
            self.file.release()
            with self._state:
                self._last = time.monotonic()
                self._written, self._writing = self._written + 1, False
                self.closed = self.closed or closing
                self._state.notify_all()

    def _live(self) -> bool:
        return self._ledger is not None and self._ledger.live()

    def _write(self, events: list[Waiting]) -> None:
        """One transaction. When it fails, the events go back to the backlog."""
        beat = self._live() and time.monotonic() - self._beaten > BEAT
        if not events and not beat:
            return
        written = False
        try:
            conn, ledger = self._open()
            conn.execute("BEGIN IMMEDIATE")
            ledger.write(events, self._failed)
            if beat:
                self.owner.beat(conn, self.clock.now())
                self._beaten = time.monotonic()
            conn.execute("COMMIT")
            written = True
            self._remember(events)
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            if self._begun_anew(error):
                self._write(events)
                return
            with self._state:
                self._backlog.put_back(events)
                self._state.notify_all()
            self._say_failing(error)
        except Exception as error:  # a fault of rlnb's own, or a store of a newer rlnb in our place
            self._roll_back()
            self._fault = error
            self._say("fault", f"Some of what was recorded could not be stored ({type(error).__name__}: {error}).")
        except BaseException:  # the notebook's interrupt: the person's, and nothing is lost by it
            self._roll_back()
            if not written:
                with self._state:
                    self._backlog.put_back(events)
            raise
        else:
            self._say_well()

    def _remember(self, events: list[Waiting]) -> None:
        for event in events:
            if isinstance(event, SessionStarted):
                self._founding[event.session] = [event]
            elif isinstance(event, LaneOpened) and event.session in self._founding:
                kept = self._founding[event.session]
                kept[:] = [e for e in kept if not (isinstance(e, LaneOpened) and e.lane == event.lane)] + [event]
            elif isinstance(event, SessionEnded):
                self._founding.pop(event.session, None)

    def _do(self, job: Callable[[sqlite3.Connection, Ledger], Any], done: Future[Any]) -> None:
        try:
            conn, ledger = self._open()
            conn.execute("BEGIN IMMEDIATE")
            result = job(conn, ledger)
            conn.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            done.set_exception(error)
        else:
            ledger.forget()  # a job may have changed anything
            done.set_result(result)

    def _open(self) -> tuple[sqlite3.Connection, Ledger]:
        there = self.path.stat().st_ino if self.path.exists() else None
        if self._conn is None or self._ledger is None or there != self._inode:
            if self._conn is not None:
                self._conn.close()
            if there is None:
                make_ready(self.path, self.warn)
            self._conn = connect(self.path)
            self._ledger = Ledger(self._conn, self.owner, self.clock.now)
            if self._inode is not None:  # the file was removed or set aside: what runs goes on in the new one
                self._conn.execute("BEGIN IMMEDIATE")
                self._ledger.write([event for kept in self._founding.values() for event in kept], self._failed)
                self._conn.execute("COMMIT")
            self._inode = self.path.stat().st_ino
        return self._conn, self._ledger

    def _roll_back(self) -> None:
        if self._ledger is not None:
            self._ledger.forget()
        if self._conn is not None and self._conn.in_transaction:
            try:
                self._conn.execute("ROLLBACK")
            except sqlite3.Error:
                pass

    def _leave(self) -> None:
        """What this process still has running is interrupted; then the connection is closed."""
        if len(self._backlog):
            self.warn(f"{self.path} could not be written until the end: {len(self._backlog)} records are lost.")
        if self._conn is None:
            return
        try:
            self._conn.execute(
                "UPDATE sessions SET status = 'interrupted', ended = coalesce(ended, updated) "
                "WHERE owner = ? AND status IN ('running', 'paused')",
                (self.owner.token,),
            )
            self._conn.execute("DELETE FROM owners WHERE token = ?", (self.owner.token,))
        except sqlite3.Error:
            pass
        self._conn.close()
        self._conn = self._ledger = None

    def _failed(self, event: Any, error: Exception) -> None:
        """One event that makes no sense does not keep the others from being written."""
        self._fault = error
        kind = type(event).__name__
        self._say(f"event {kind}", f"A {kind} could not be stored ({type(error).__name__}: {error}); the rest is.")

    def _begun_anew(self, error: sqlite3.Error | OSError) -> bool:
        """Set the file aside if it is damaged; what runs goes on in a new one."""
        if not damaged(error) or self._conn is None:
            return False
        self._conn.close()
        self._conn = self._ledger = None
        with suppress(OSError):
            set_aside(self.path, error, self.warn)
            return True
        return False

    def _say_failing(self, error: sqlite3.Error | OSError) -> None:
        if self.failing is None:
            self.warn(
                f"{self.path} cannot be written ({error}). Training goes on; what is recorded is kept in memory "
                f"(up to {FULL // 2**20} MB, the oldest steps go first) and written when that works again."
            )
        self.failing = str(error)

    def _say_well(self) -> None:
        if self.failing is None:
            return
        lost, dropped = self._backlog.lost, self._backlog.dropped
        self._backlog.lost = self._backlog.dropped = 0
        gone = f" {lost} steps were let go meanwhile: their episodes cannot be replayed." if lost else ""
        gone += f" {dropped} other records did not fit either." if dropped else ""
        self.warn(f"{self.path} can be written again.{gone}")
        self.failing = None

    def _say(self, key: str, message: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self.warn(message)

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
        left, self._conn, self._ledger = self._conn, None, None
        return left

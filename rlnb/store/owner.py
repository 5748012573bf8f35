"""Who records a session: so that one left "running" by a dead process can be told from one that runs elsewhere.

Every store that records writes a row in `owners`: machine, process and when that was started, and every few seconds a
heartbeat. On the same machine the process table tells at once; from another machine only the heartbeat can be seen.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import uuid
from pathlib import Path

BEAT = 5.0  # seconds between heartbeats
SILENCE = 60.0  # seconds without one after which a process that cannot be seen is taken for dead

_here: set[str] = set()  # tokens of the stores of this process that are open


class Owner:
    """One open store of one process."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self.host, self.boot = platform.node(), _boot()
        self.pid, self.born = os.getpid(), _born(os.getpid())
        _here.add(self.token)

    def beat(self, conn: sqlite3.Connection, now: float) -> None:
        """Write the row, or refresh its heartbeat."""
        conn.execute(
            "INSERT INTO owners VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (token) DO UPDATE SET beat = excluded.beat",
            (self.token, self.host, self.boot, self.pid, self.born, now),
        )

    def leave(self) -> None:
        """The store closes: what it left running counts as interrupted."""
        _here.discard(self.token)


def reap(conn: sqlite3.Connection, now: float) -> int:
    """Mark the running sessions of dead processes as interrupted; returns how many there were."""
    rows = conn.execute(
        "SELECT s.key, o.token, o.host, o.boot, o.pid, o.born, o.beat FROM sessions s "
        "LEFT JOIN owners o ON o.token = s.owner WHERE s.status IN ('running', 'paused')"
    ).fetchall()
    dead = [row[0] for row in rows if row[1] is None or not _alive(*row[1:], now=now)]
    if not dead:
        return 0
    conn.execute("BEGIN IMMEDIATE")
    try:
        conn.executemany(
            "UPDATE sessions SET status = 'interrupted', ended = coalesce(ended, updated) "
            "WHERE key = ? AND status IN ('running', 'paused')",
            [(key,) for key in dead],
        )
        conn.execute(
            "DELETE FROM owners WHERE beat < ? AND token NOT IN (SELECT owner FROM sessions "
            "WHERE status IN ('running', 'paused') AND owner IS NOT NULL)",
            (now - SILENCE,),
        )
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise
    return len(dead)


def any_alive(conn: sqlite3.Connection, now: float) -> bool:
    """Whether a process that is alive has this store open, as far as can be seen."""
    rows = conn.execute("SELECT token, host, boot, pid, born, beat FROM owners").fetchall()
    return any(_alive(*row, now=now) for row in rows)


def _alive(token: str, host: str, boot: str, pid: int, born: str, beat: float, *, now: float) -> bool:
    if token in _here:
        return True
    if host != platform.node() or boot != _boot():
        return now - beat < SILENCE  # another machine or container, or this one before it was restarted
    if pid == os.getpid():
        return False
    if os.name == "nt":  # os.kill(pid, 0) ends a process there
        return now - beat < SILENCE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return born == _born(pid) if born else now - beat < SILENCE


def _born(pid: int) -> str:
    """When a process was started, in ticks since boot; "" where the system does not say (a zombie counts as dead)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "zombie" if fields[0] in "ZX" else fields[19]


def _boot() -> str:
    """This start of this machine, and on Linux its process namespace: containers count processes for themselves."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""

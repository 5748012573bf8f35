"""Sessions of one store file taken over into another, rows as they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def merge(source: Path, into: sqlite3.Connection) -> list[str]:
    """Copy every session of `source` that `into` does not have, or has as it was before; returns their ids.

    All in one transaction. `into` is in autocommit mode and of the present schema, as is `source`. The rows of every
    table with a column `session` belong to that session; their numbers move behind those that are there.
    """
    into.execute("ATTACH ? AS aside", (str(source),))
    try:
        into.execute("BEGIN IMMEDIATE")
        try:
            taken = _copy(into)
            into.execute("COMMIT")
        except BaseException:
            into.execute("ROLLBACK")
            raise
    finally:
        into.execute("DETACH aside")
    return taken


def _copy(conn: sqlite3.Connection) -> list[str]:
    new = conn.execute(
        "SELECT a.key, a.id, m.key FROM aside.sessions a LEFT JOIN main.sessions m ON m.id = a.id "
        "WHERE m.key IS NULL OR m.updated < a.updated ORDER BY a.key"
    ).fetchall()
    if not new:
        return []
    tables = [name for (name,) in conn.execute("SELECT name FROM aside.sqlite_master WHERE type = 'table'")]
    columns = {
        name: [row[1] for row in conn.execute(f"PRAGMA aside.table_info({name})")]
        for name in tables
        if not name.startswith("sqlite_")
    }
    owned = [name for name, its in columns.items() if "session" in its]
    behind = {name: _last(conn, name) for name in (*owned, "sessions") if "key" in columns[name]}
    for key, _, before in new:
        if before is not None:
            for name in owned:
                conn.execute(f"DELETE FROM main.{name} WHERE session = ?", (before,))
            conn.execute("DELETE FROM main.sessions WHERE key = ?", (before,))
        _insert(conn, "sessions", columns["sessions"], "key", key, {"key": behind["sessions"]})
        for name in owned:
            shifts = {"session": behind["sessions"]}
            if name in behind:
                shifts["key"] = behind[name]
            if name == "lanes":
                shifts["recipe"] = behind["recipes"]
            _insert(conn, name, columns[name], "session", key, shifts)
    conn.execute("INSERT OR IGNORE INTO main.owners SELECT * FROM aside.owners")
    return [id for _, id, _ in new]


def _last(conn: sqlite3.Connection, table: str) -> int:
    return int(conn.execute(f"SELECT coalesce(max(key), 0) FROM main.{table}").fetchone()[0])


def _insert(
    conn: sqlite3.Connection, table: str, columns: list[str], by: str, key: int, shifts: dict[str, int]
) -> None:
    taken = ", ".join(f"{name} + {shifts[name]}" if name in shifts else name for name in columns)
    conn.execute(
        f"INSERT INTO main.{table} ({', '.join(columns)}) SELECT {taken} FROM aside.{table} WHERE {by} = ?", (key,)
    )

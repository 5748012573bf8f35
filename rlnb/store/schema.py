"""The tables of a store, and how a file is known to be one.

`sessions` holds one row a session with its summary (steps, mean return, ...), kept up to date by the writer so that a
list of sessions reads nothing else. All that grows is in `blocks`: columns of many steps, episodes or metric values
in one blob (see `codec`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from rlnb.errors import StoreError

APPLICATION_ID = 0x726C6E62  # "rlnb"
VERSION = 2

STEPS, EPISODES, METRICS, LANES, FRAMES = 1, 2, 3, 4, 5
# blocks.kind. `part` is the lane for steps, the metric's name for metrics, the first lane of a vector environment for
# its lanes' steps, the lane for frames (`first` is the episode's, `data` the pictures, `extra` their steps and sizes).

TABLES = """
CREATE TABLE sessions (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  env_id TEXT,
  status TEXT NOT NULL,
  origin TEXT NOT NULL,
  started REAL NOT NULL,
  ended REAL,
  updated REAL NOT NULL,               -- last write of anything
  params TEXT NOT NULL DEFAULT '{}',   -- JSON, see `plain`
  tags TEXT NOT NULL DEFAULT '[]',
  note TEXT NOT NULL DEFAULT '',
  seed TEXT,                           -- decimal digits, however many
  total_steps INTEGER,
  scratch INTEGER NOT NULL DEFAULT 0,
  provenance TEXT NOT NULL DEFAULT '{}',
  error TEXT,
  owner TEXT,                          -- owners.token of the process that records it
  steps INTEGER NOT NULL DEFAULT 0,    -- from here: the summary of the training group
  episodes INTEGER NOT NULL DEFAULT 0,
  mean_return REAL,
  best REAL,
  bytes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_by_name ON sessions (name, started);
CREATE TABLE tallies (                 -- running sums of each group of a session
  session INTEGER NOT NULL,
  grp INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  episodes INTEGER NOT NULL,           -- finished ones
  best REAL,
  recent BLOB NOT NULL,                -- float64: returns of the last 100 finished episodes
  PRIMARY KEY (session, grp)
) WITHOUT ROWID;
CREATE TABLE lanes (
  key INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  grp INTEGER NOT NULL,
  place TEXT NOT NULL,
  at REAL NOT NULL,
  after INTEGER NOT NULL,              -- the recipe holds for episodes whose first step is here or later
  recipe INTEGER NOT NULL
);
CREATE INDEX lanes_by_session ON lanes (session, lane);
CREATE TABLE recipes (key INTEGER PRIMARY KEY, session INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX recipes_by_session ON recipes (session);
CREATE TABLE open (                    -- the episode that each lane is in
  session INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  first INTEGER NOT NULL,
  started REAL NOT NULL,
  start BLOB NOT NULL,
  PRIMARY KEY (session, lane)
);
CREATE TABLE blocks (
  key INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  part,
  first INTEGER NOT NULL,              -- steps: the lane's index of row 0
  n INTEGER NOT NULL,
  data BLOB NOT NULL,
  extra BLOB                           -- episodes: their starts
);
CREATE INDEX blocks_by_part ON blocks (session, kind, part, first, n);
-- what is known beside the sessions, as JSON
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE owners (token TEXT PRIMARY KEY, host TEXT, boot TEXT, pid INTEGER, born TEXT, beat REAL);
"""

# From version v to v + 1. A step may use any statement; it runs inside the transaction that raises `user_version`.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], object]] = {
    1: lambda conn: conn.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"),
}


def prepare(conn: sqlite3.Connection, path: object) -> None:
    """Make the tables in an empty file, bring an older store up to date, refuse anything else (untouched)."""
    conn.execute("BEGIN")  # one look: another process may be making the tables this moment
    tables = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application, version = _pragma(conn, "application_id"), _pragma(conn, "user_version")
    conn.execute("COMMIT")
    if application != APPLICATION_ID and (application or tables):
        raise foreign(path)
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer rlnb (store version {version}; this one reads up to {VERSION}). "
            "Update rlnb, or choose another file with rlnb.use(path). Nothing in it was changed."
        )
    if application == APPLICATION_ID and version == VERSION:
        return
    if not tables:
        conn.execute("PRAGMA auto_vacuum = INCREMENTAL")
    conn.execute("BEGIN IMMEDIATE")
    try:
        version = _pragma(conn, "user_version")  # another process may have been faster
        if version == 0:
            for statement in TABLES.split(";\n"):
                conn.execute(statement)
            conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        else:
            for step in range(version, VERSION):
                MIGRATIONS[step](conn)
        conn.execute(f"PRAGMA user_version = {VERSION}")
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise


def foreign(path: object) -> StoreError:
    """The error for somebody else's file."""
    return StoreError(
        f"{path} is no rlnb store: it is some other file, and was left as it is. "
        "Choose another place with rlnb.use(path) or the environment variable RLNB_HOME."
    )


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(conn.execute(f"PRAGMA {name}").fetchone()[0])

"""Whose file it is, and what is wrong with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from rlnb.errors import StoreError
from rlnb.store import Store, file, schema
from tests.store.recording import run


def filled(path: Path, rng: np.random.Generator) -> Path:
    store = Store(path)
    for event in run("s1", [20, 30], rng):
        store.put(event)
    store.close()
    return path


@pytest.mark.parametrize("content", [b"hello, I am a diary\n" * 50, b"\0" * 200, b"x"])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"diary.sqlite is no rlnb store.*rlnb.use"):
        Store(path)
    assert path.read_bytes() == content and [p.name for p in tmp_path.iterdir()] == ["diary.sqlite"]


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE sessions (a)")
    conn.commit()
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is no rlnb store"):
        Store(path)
    assert path.read_bytes() == before


def test_an_empty_file_and_a_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    Store(tmp_path / "empty").close()
    store = Store(tmp_path)
    assert store.path == tmp_path / "sessions.sqlite" and not (tmp_path / ".gitignore").exists()
    store.close()


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be kept at"):
        Store(tmp_path / "file" / "sessions.sqlite")


@pytest.mark.parametrize("damage", ["head", "middle", "cut"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, rng: np.random.Generator, said: list[str], damage: str) -> None:
    path = filled(tmp_path / ".rlnb" / "sessions.sqlite", rng)
    content = bytearray(path.read_bytes())
    if damage == "head":
        content[:16] = b"garbage garbage "
    elif damage == "middle":
        content[4096 : len(content) - 100] = b"\xff" * (len(content) - 4196)
    else:
        del content[5000:]
    path.write_bytes(content)
    store = Store(path, warn=said)
    assert store.sessions().empty
    (aside,) = (p for p in path.parent.iterdir() if "damaged" in p.name and p.suffix == ".sqlite")
    assert aside.read_bytes() == content
    assert len(said) == 1 and "is damaged" in said[0] and aside.name in said[0]
    for event in run("s2", [5], rng):
        store.put(event)
    store.flush()
    assert store.newest() == "s2"
    store.close()


def test_a_newer_store_is_refused_politely(tmp_path: Path, rng: np.random.Generator) -> None:
    path = filled(tmp_path / "s.sqlite", rng)
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {schema.VERSION + 6}")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"newer rlnb \(store version {schema.VERSION + 6}.*Update rlnb"):
        Store(path)
    assert path.read_bytes() == before


def test_an_older_store_is_migrated(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "s.sqlite", rng)
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 1)
    monkeypatch.setitem(schema.MIGRATIONS, now, lambda conn: conn.execute("ALTER TABLE sessions ADD COLUMN mood TEXT"))
    store = Store(path)
    assert len(store.episodes("s1")) == 2
    conn = sqlite3.connect(path)
    assert conn.execute("PRAGMA user_version").fetchone() == (now + 1,)
    assert conn.execute("SELECT mood FROM sessions").fetchall() == [(None,)]
    conn.close()
    store.close()


def test_a_store_of_the_first_version_gets_its_facts(tmp_path: Path, rng: np.random.Generator) -> None:
    path = filled(tmp_path / "s.sqlite", rng)
    conn = sqlite3.connect(path)
    conn.executescript("DROP TABLE facts; PRAGMA user_version = 1")
    conn.close()
    store = Store(path)
    assert store.fact("random CartPole-v1") is None
    store.learn("random CartPole-v1", {"mean": 22.25, "episodes": 100})
    store.learn("random CartPole-v1", {"mean": 22.5, "episodes": 100})
    store.close()
    again = Store(path)
    assert again.fact("random CartPole-v1") == {"mean": 22.5, "episodes": 100}
    assert len(again.episodes("s1")) == 2
    again.close()


def test_a_file_system_without_shared_memory(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's dot-file locking, made for such file systems, knows no write-ahead log."""
    real = sqlite3.connect
    monkeypatch.setattr(
        file.sqlite3, "connect", lambda path, **how: real(f"file:{path}?vfs=unix-dotfile", uri=True, **how)
    )
    store = Store(tmp_path / "s.sqlite", warn=said)
    assert len(said) == 1 and "rollback journal" in said[0]
    for event in run("s1", [5], rng):
        store.put(event)
    store.flush()
    assert store.newest() == "s1" and len(store.trace("s1", 0)) == 5
    store.close()

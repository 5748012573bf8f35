"""Where no store can be kept at the moment: said in words, recorded elsewhere, brought home."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from rlnb.events import SessionEnded
from rlnb.store import Store, ground, refuge
from tests.store.recording import T0, ended, lane, metric, run, started, steps
from tests.store.test_writer import train

NOWHERE = Path("/proc/self/fdinfo")  # a folder in which not even root can make anything


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that takes nothing until `open_up`."""
    if not NOWHERE.is_dir():
        pytest.skip("no folder here that refuses even root")
    (tmp_path / "folder").symlink_to(NOWHERE)
    return tmp_path / "folder"


def open_up(folder: Path, real: str = "real") -> Path:
    (folder.parent / real).mkdir(exist_ok=True)
    (folder.parent / "next").symlink_to(folder.parent / real)
    (folder.parent / "next").replace(folder)  # at once: the writer looks at it at any moment
    return folder


def refuges(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "tmp").iterdir())


def publish(store: Store, events: Any) -> None:
    for event in events:
        store.put(event)
    store.flush()


def test_what_a_read_only_folder_refused_is_brought_there_later(
    tmp_path: Path, folder: Path, rng: np.random.Generator, said: list[str]
) -> None:
    wanted = folder / "sessions.sqlite"
    store = Store(wanted, warn=said)
    assert len(said) == 1 and str(wanted) in said[0] and "cannot be written" in said[0] and str(store.path) in said[0]
    publish(store, run("before", [20, 30], rng, params={"lr": 0.1}))
    publish(store, [started("s1"), lane("s1"), steps("s1", 0, 10, rng), metric("s1", "loss", [1.0])])
    assert store.path != wanted and set(store.sessions()["id"]) == {"before", "s1"} and len(said) == 1
    open_up(folder)
    other = Store(wanted)  # another kernel was faster, and has recorded there
    publish(other, run("other", [7], rng))
    other.close()
    publish(store, [steps("s1", 10, 10, rng), ended("s1", [0], [20], rng)])
    publish(store, [steps("s1", 20, 5, rng), ended("s1", [20], [5], rng), SessionEnded("s1", T0 + 1, "finished")])
    assert store.path == wanted and refuges(tmp_path) == []
    assert len(said) == 2 and "can be written again" in said[1]
    store.close()
    again = Store(wanted, warn=said)
    table = again.sessions().set_index("id")
    assert table["status"].to_dict() == {"before": "finished", "s1": "finished", "other": "finished"}
    assert table["steps"].to_dict() == {"before": 50, "s1": 25, "other": 7}
    assert [len(again.trace("before", i)) for i in (0, 1)] == [20, 30] and len(again.trace("s1", 0)) == 20
    assert again.trace("s1", 1).recipe == {"env_id": "CartPole-v1"} and len(again.trace("other", 0)) == 7
    assert again.metrics("s1")["value"].tolist() == [1.0] and again.describe("before")["params"] == {"lr": 0.1}
    with sqlite3.connect(wanted) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again.close()
    assert len(said) == 2


def test_the_way_home_is_tried_without_being_asked(
    folder: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refuge, "TRY_EVERY", 0.01)
    store = Store(folder / "sessions.sqlite", warn=said)
    store.put(started())
    open_up(folder)
    while store.path != folder / "sessions.sqlite":  # the writer's own thread sees to it
        store.put(metric("s1", "loss", [1.0]))
    store.close()
    assert "can be written again" in said[-1]


def test_closed_before_it_could_be_written_the_next_store_brings_it_home(
    tmp_path: Path, folder: Path, rng: np.random.Generator, said: list[str]
) -> None:
    store = Store(folder / "sessions.sqlite", warn=said)
    publish(store, run("kept", [20], rng))
    kept = store.path
    store.close()
    assert len(said) == 2 and "still cannot be written. 1 sessions lie in" in said[1] and kept.exists()
    next_one = Store(open_up(folder) / "sessions.sqlite", warn=said)
    assert len(said) == 3 and "1 sessions that had found no room" in said[2]
    assert len(next_one.trace("kept", 0)) == 20 and refuges(tmp_path) == []
    next_one.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_a_killed_process_in_its_refuge(tmp_path: Path, folder: Path, said: list[str]) -> None:
    trainer = train(folder / "sessions.sqlite", "killed")
    assert trainer.stdout is not None
    for _ in range(60):
        trainer.stdout.readline()
    open_up(folder)
    while_alive = Store(folder / "sessions.sqlite", warn=said)
    while_alive.close()
    trainer.kill()
    trainer.wait()
    trainer.stdout.close()
    store = Store(folder / "sessions.sqlite")
    (row,) = store.sessions().to_dict("records")
    assert row["name"] == "killed" and row["status"] == "interrupted" and row["steps"] > 0
    assert len(store.trace("killed", 0)) == 8 and refuges(tmp_path) == []
    store.close()


def test_an_unused_refuge_leaves_nothing(tmp_path: Path, folder: Path, said: list[str]) -> None:
    Store(folder / "sessions.sqlite", warn=said).close()
    assert refuges(tmp_path) == [] and len(said) == 1


def test_without_any_room_the_events_wait_in_memory(
    folder: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(prefix: str) -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "mkdtemp", no_room)
    store = Store(folder / "sessions.sqlite", warn=said)
    publish(store, run("s1", [20], rng))
    assert len(said) == 1 and "Training goes on" in said[0] and "in memory" in said[0]
    open_up(folder)
    store.flush()
    assert len(store.trace("s1", 0)) == 20 and store.path == folder / "sessions.sqlite"
    store.close()


def test_old_sessions_of_a_read_only_folder_can_be_read(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "shared" / "sessions.sqlite"
    first = Store(place)
    publish(first, run("old", [20], rng))
    first.close()
    before = place.read_bytes()

    def refuse(folder: Path) -> None:
        if "shared" in str(folder):
            raise OSError(30, "Read-only file system")

    monkeypatch.setattr("rlnb.store.opening.make_folder", refuse)
    monkeypatch.setattr("rlnb.store.refuge.make_folder", refuse)
    store = Store(place, warn=said)
    publish(store, run("new", [10], rng, at=T0 + 1))
    assert store.sessions()["id"].tolist() == ["new", "old"] and len(store.trace("old", 0)) == 20
    store.close()
    assert place.read_bytes() == before


def mounts(kind: str, at: Path) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_text(
            f"22 1 0:20 / / rw - ext4 /dev/sda1 rw\n36 22 0:30 / {at} rw,noatime shared:1 - {kind} server:/home rw\n"
        )

    return write


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p"])
def test_a_network_home_gets_a_rollback_journal(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounts(kind, tmp_path / "home")(tmp_path / "mounts")
    monkeypatch.setattr(ground, "MOUNTS", tmp_path / "mounts")
    store = Store(tmp_path / "home" / ".rlnb" / "sessions.sqlite", warn=said)
    assert len(said) == 1 and f"network file system ({kind})" in said[0] and "rollback journal" in said[0]
    publish(store, run("s1", [5], rng))
    assert len(store.trace("s1", 0)) == 5 and not store.path.with_name("sessions.sqlite-wal").exists()
    store.close()
    Store(tmp_path / "elsewhere", warn=said).close()
    assert len(said) == 1


def ids(place: Path) -> set[str]:
    """The sessions in a file that is only looked at."""
    with contextlib.closing(sqlite3.connect(f"file:{quote(str(place))}?immutable=1", uri=True)) as conn:
        return {id for (id,) in conn.execute("SELECT id FROM sessions")}


def test_on_a_mounted_drive_a_local_file_is_written_and_copied(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = tmp_path / "My Drive"
    mounts("fuse.drive", Path(str(drive).replace(" ", "\\040")))(tmp_path / "mounts")
    monkeypatch.setattr(ground, "MOUNTS", tmp_path / "mounts")
    place = drive / ".rlnb" / "sessions.sqlite"
    store = Store(place, warn=said)
    assert len(said) == 1 and "mounted drive (drive)" in said[0] and "copied there every 30 seconds" in said[0]
    publish(store, run("s1", [20], rng))
    assert not place.exists() and store.path.parent.parent == tmp_path / "tmp"
    store.close()
    assert [p.name for p in sorted(place.parent.iterdir())] == [".gitignore", "sessions.sqlite"]
    assert refuges(tmp_path) == []

    old, new = (place.with_name(f"sessions.sqlite.{name}.part") for name in ("killed", "underway"))
    for part, age in ((old, 100_000.0), (new, 100.0)):  # of processes: killed yesterday, and copying at the moment
        part.touch()
        os.utime(part, (time.time() - age, time.time() - age))
    monkeypatch.setattr(refuge, "COPY_EVERY", 0.01)
    again = Store(place, warn=said)
    assert not old.exists() and new.exists()
    assert len(again.trace("s1", 0)) == 20
    publish(again, run("s2", [30], rng))
    while ids(place) != {"s1", "s2"}:  # copied while it is open
        pass
    monkeypatch.setattr(refuge, "COPY_EVERY", 30.0)
    other = Store(place, warn=said)  # another machine writes there meanwhile
    publish(other, run("s3", [40], rng))
    other.close()
    publish(again, run("s4", [50], rng))
    again.close()
    store = Store(place, warn=said)
    assert set(store.sessions()["id"]) == {"s1", "s2", "s3", "s4"}
    assert [len(store.trace(id, 0)) for id in ("s1", "s2", "s3", "s4")] == [20, 30, 40, 50]
    store.close()


@pytest.mark.parametrize("at_the_end", [True, False])
def test_what_another_writes_while_a_copy_travels_to_the_drive_stays(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch, at_the_end: bool
) -> None:
    drive = tmp_path / "Drive"
    mounts("fuse.drive", drive)(tmp_path / "mounts")
    monkeypatch.setattr(ground, "MOUNTS", tmp_path / "mounts")
    place = drive / "sessions.sqlite"
    store, other = Store(place, warn=said), Store(place, warn=said)
    publish(other, run("theirs", [40], rng))
    copyfile, came = shutil.copyfile, []

    def slow(source: Path, target: Path) -> None:
        if not came and target.suffix == ".part":
            came.append(target)
            other.close()
            assert ids(place) == {"theirs"}
        copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", slow)
    publish(store, run("mine", [20], rng))
    if not at_the_end:
        monkeypatch.setattr(refuge, "COPY_EVERY", 0.01)
        store.flush()
        end = time.monotonic() + 60
        while not (place.exists() and ids(place) == {"mine", "theirs"}):
            assert time.monotonic() < end
            time.sleep(0.01)
    store.close()
    with contextlib.closing(Store(place, warn=said)) as both:
        assert {id: len(both.trace(id, 0)) for id in both.sessions()["id"]} == {"mine": 20, "theirs": 40}


def test_a_store_closes_where_another_writes_to_the_drive_all_the_time(
    tmp_path: Path, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = tmp_path / "Drive"
    mounts("fuse.drive", drive)(tmp_path / "mounts")
    monkeypatch.setattr(ground, "MOUNTS", tmp_path / "mounts")
    store = Store(drive / "sessions.sqlite", warn=said)
    publish(store, run("mine", [20], rng))
    store.close()
    copyfile, times = shutil.copyfile, []

    def slow(source: Path, target: Path) -> None:
        copyfile(source, target)
        if target.suffix == ".part":
            times.append(1e9 + len(times))
            os.utime(drive / "sessions.sqlite", (times[-1], times[-1]))  # as if written again meanwhile

    store = Store(drive / "sessions.sqlite", warn=said)
    monkeypatch.setattr(shutil, "copyfile", slow)
    publish(store, run("more", [30], rng))
    store.close()
    assert len(times) == 3
    assert ids(drive / "sessions.sqlite") == {"mine", "more"}
    assert sorted(p.name for p in drive.iterdir()) == [".gitignore", "sessions.sqlite"]


def test_a_file_system_without_locks_counts_as_a_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(file: object, how: int) -> None:
        raise OSError(37, "No locks available")

    assert ground.ground(tmp_path)[0] == "log"
    monkeypatch.setattr(fcntl, "lockf", refuse)
    assert ground.ground(tmp_path)[0] == "copy" and "no file locks" in ground.ground(tmp_path)[1]


def test_a_disk_that_is_full_at_first(tmp_path: Path, rng: np.random.Generator) -> None:
    """A real one, as far as a process can have it: no file may grow beyond 8 KB."""
    program = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
import numpy as np
from rlnb.store import Store
from tests.store.recording import run
said = []
store = Store(sys.argv[1], warn=said.append)
for event in run("s1", [20, 30], np.random.default_rng(0)):
    store.put(event)
store.flush()
assert len(said) == 1 and "Training goes on" in said[0], said
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.flush()
store.flush()
assert len(store.trace("s1", 1)) == 30, said
assert len(said) == 2 and "can be written again" in said[1], said
store.close()
"""
    if os.name == "nt":
        pytest.skip("no such limit there")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s.sqlite")], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "s.sqlite") as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)

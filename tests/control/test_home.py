"""Where sessions lie: RLNB_HOME, `rlnb.use`, and paths that make no sense."""

import sqlite3
import tempfile
from pathlib import Path

import gymnasium as gym
import pytest

import rlnb
from rlnb.control import doors
from rlnb.control.home import as_store_path
from rlnb.errors import BadValue, SessionNotFound, StoreError


def play(steps=300):
    env = gym.make("CartPole-v1")
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(steps):
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()
    doors.the_room().settle()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs rlnb as a person would, after the environment is set up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield rlnb.install
    rlnb.uninstall()


def test_beside_the_notebook_when_nobody_says_otherwise(installed, tmp_path, monkeypatch):
    monkeypatch.delenv("RLNB_HOME")
    installed()
    play()
    assert (tmp_path / ".rlnb" / "sessions.sqlite").exists()
    assert (tmp_path / ".rlnb" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(("said", "file"), [("new/folder", "new/folder/sessions.sqlite"), ("a/x.sqlite", "a/x.sqlite"),
                                            ("runs/v1.5", "runs/v1.5/sessions.sqlite")])  # fmt: skip
def test_rlnb_home_and_use_mean_the_same(installed, tmp_path, monkeypatch, said, file):
    monkeypatch.setenv("RLNB_HOME", str(tmp_path / "home" / said))
    installed()
    play()
    assert len(rlnb.sessions()) == 1 and (tmp_path / "home" / file).is_file()
    rlnb.use(tmp_path / said)
    play()
    assert len(rlnb.sessions()) == 1 and (tmp_path / file).is_file()
    assert doors.the_room().store.path == tmp_path / file


@pytest.mark.parametrize("path", ["", "  ", None, 3, "a\0b"])
def test_what_is_no_path_is_refused_and_changes_nothing(recording, path):
    before = doors.the_room().store.path
    with pytest.raises(BadValue, match="is no path; give a folder"):
        rlnb.use(path)
    assert doors.the_room().store.path == before


def test_a_path_below_a_file_names_that_file(recording, tmp_path):
    (tmp_path / "diary").write_text("dear diary")
    with pytest.raises(StoreError, match=r"diary.deep.down' cannot be a folder, because .*diary' is a file"):
        rlnb.use(tmp_path / "diary" / "deep" / "down")
    with pytest.raises(StoreError, match="diary is no rlnb store"):
        rlnb.use(tmp_path / "diary")
    assert (tmp_path / "diary").read_text() == "dear diary"


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert as_store_path("~/runs") == tmp_path / "runs" / "sessions.sqlite"


def newer(path: Path) -> Path:
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE sessions (a)")
        conn.execute(f"PRAGMA application_id = {0x726C6E62}")
        conn.execute("PRAGMA user_version = 99")
    return path


@pytest.mark.parametrize(("make", "words"), [
    (lambda path: path.write_text("a diary") and path, "is no rlnb store"),
    (newer, "was written by a newer rlnb"),
])  # fmt: skip
def test_training_goes_on_where_the_store_cannot_be_opened(installed, tmp_path, monkeypatch, capfd, make, words):
    place = make(tmp_path / "x.sqlite")
    before = place.read_bytes()
    monkeypatch.setenv("RLNB_HOME", str(place))
    installed()
    play()
    play()
    said = capfd.readouterr().err
    assert said.count("rlnb:") == 1 and words in said and "Until then sessions are recorded into" in said
    assert rlnb.last().status == "running" and len(rlnb.last().episodes) > 1
    assert place.read_bytes() == before


def test_a_folder_that_takes_no_writing(installed, tmp_path, monkeypatch, capfd):
    nowhere = Path("/proc/self/fdinfo")
    if not nowhere.is_dir():
        pytest.skip("no folder here that refuses even root")
    monkeypatch.setenv("RLNB_HOME", str(nowhere / "home"))
    installed()
    play()
    said = capfd.readouterr().err
    assert said.count("rlnb:") == 1 and "cannot be written" in said and "brought there as soon as it can be" in said
    assert rlnb.last().episodes["length"].sum() > 0
    rlnb.use(tmp_path)
    assert "still cannot be written" in capfd.readouterr().err


def test_delete(recording, capfd):
    for name in ("one", "two"):
        with rlnb.session(name):
            play(5000)
    one, size = rlnb.get("one"), doors.the_room().store.size()
    assert rlnb.sessions()["bytes"].gt(5000).all()
    rlnb.delete("two")
    assert rlnb.sessions()["name"].tolist() == ["one"] and doors.the_room().store.size() < size
    with pytest.raises(SessionNotFound, match="'two'"):
        rlnb.delete("two")
    with rlnb.session("three") as three:
        play()
        with pytest.raises(BadValue, match="'three' is running"):
            rlnb.delete(three)
    rlnb.delete(one)
    with pytest.raises(SessionNotFound):
        _ = one.episodes
    assert rlnb.sessions()["name"].tolist() == ["three"]

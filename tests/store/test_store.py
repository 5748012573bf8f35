"""What was published is what is read."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlnb.bus import Bus
from rlnb.errors import BadValue, EpisodeNotFound, NotReplayable, SessionNotFound
from rlnb.events import EpisodeOpened, SessionChanged, SessionEnded, StepsRecorded
from rlnb.store import Store
from tests.store.recording import T0, ended, lane, metric, run, start, started, steps


def publish(store: Store, events: Any) -> None:
    for event in events:
        store.put(event)
    store.flush()


def test_a_session_is_there_again_after_reopening(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "new" / "sessions.sqlite"
    store = Store(path)
    undo = store.attach(bus := Bus())
    for event in run("s1", [10, 30, 20], rng, params={"lr": 1e-3}, tags=("a",), seed=2**80):
        bus.publish(event)
    undo()
    bus.publish(started("s2"))
    store.close()
    assert (path.parent / ".gitignore").read_text() == "*\n"

    again = Store(path)
    (row,) = again.sessions().to_dict("records")
    assert (row["id"], row["name"], row["status"], row["env_id"]) == ("s1", "dqn", "finished", "CartPole-v1")
    assert (row["steps"], row["episodes"], row["mean_return"], row["best"]) == (60, 3, 20.0, 30.0)
    assert (row["params"], row["tags"], row["seed"]) == ({"lr": 1e-3}, ["a"], 2**80)
    assert row["elapsed"] == pytest.approx(0.06) and row["steps_per_s"] == pytest.approx(1000, rel=1e-3)
    episodes = again.episodes("s1")
    assert episodes.index.name == "episode" and episodes["length"].tolist() == [10, 30, 20]
    assert episodes["terminated"].all() and not episodes["truncated"].any() and episodes["success"].isna().all()
    assert again.metrics("s1")["value"].tolist() == [1.0, 0.5]
    assert again.keys("s1") == [(0, 0), (0, 10), (0, 40)]
    assert again.describe("s1")["lanes"][0]["recipe"] == {"env_id": "CartPole-v1"}
    assert again.size() > 0
    again.close()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_split_into_flushes_gives_the_same(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    lengths = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=12))
    prefix = data.draw(st.integers(0, lengths[0]))
    shape = data.draw(st.sampled_from([(), (3,), (2, 2)]))
    dtype = data.draw(st.sampled_from([np.int64, np.float32, np.uint8, np.float64, np.bool_]))
    n = sum(lengths)
    actions = (
        rng.integers(0, 2, (n, *shape)).astype(dtype) if rng.random() < 0.5 else rng.random((n, *shape)).astype(dtype)
    )
    rewards = rng.choice([1.0, -0.5, math.inf, math.nan, 1e-9], n)
    checks = rng.integers(0, 2**16, n).astype(np.uint16)
    cuts = sorted(data.draw(st.sets(st.integers(1, n), max_size=8)) | {n})
    flushes = data.draw(st.lists(st.booleans(), min_size=len(cuts), max_size=len(cuts)))
    firsts = np.cumsum([0, *lengths[:-1]]) - prefix
    returns = [float(i) for i in range(len(lengths))]
    rows = [ended("s", [f], [k], rng, returns=[r]) for f, k, r in zip(firsts.tolist(), lengths, returns, strict=True)]

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s.sqlite")
        publish(store, [started("s"), lane("s")])
        at = told = 0
        for cut, flush in zip(cuts, flushes, strict=True):
            part = slice(at, cut)
            store.put(StepsRecorded("s", 0, 0, at - prefix, actions[part], rewards[part], checks[part]))
            at = cut
            while told < len(rows) and rows[told].first[0] + rows[told].length[0] <= at - prefix:
                store.put(rows[told])
                told += 1
            if flush:
                store.flush()
        publish(store, [SessionEnded("s", T0 + 100, "finished")])
        assert store.episodes("s")["return"].tolist() == returns
        assert store.sessions()["steps"].tolist() == [n - prefix]
        for i, (first, length) in enumerate(zip(firsts.tolist(), lengths, strict=True)):
            trace = store.trace("s", i)
            part = slice(first + prefix, first + prefix + length)
            assert trace.actions.dtype == dtype and trace.actions.tobytes() == actions[part].tobytes()
            assert trace.rewards.tobytes() == rewards[part].tobytes()
            assert trace.checks.tolist() == checks[part].tolist() and trace.start == rows[i].starts[0]
        store.close()


def test_the_summary_speaks_of_the_group_with_most_steps(store: Store, rng: np.random.Generator) -> None:
    publish(store, [
        started(), lane(), lane(number=1, group=1),
        steps("s1", 0, 10, rng, lane=1, group=1), ended("s1", [0], [10], rng, lane=1, group=1, returns=[99.0]),
        steps("s1", 0, 30, rng), ended("s1", [0, 10], [10, 20], rng, returns=[1.0, 3.0], finished=[True, False]),
    ])  # fmt: skip
    row = store.sessions().iloc[0]
    assert (row["steps"], row["episodes"], row["mean_return"], row["best"]) == (30, 1, 1.0, 1.0)
    assert store.episodes("s1")["finished"].tolist() == [True, True, False], "unfinished ones are last"


def test_mean_of_the_last_hundred(store: Store, rng: np.random.Generator) -> None:
    publish(store, run("s1", list(range(1, 151)), rng))
    row = store.sessions().iloc[0]
    assert row["mean_return"] == np.mean(range(51, 151)) and row["best"] == 150 and row["episodes"] == 150


def test_the_newest_recipe_before_the_episode_holds(store: Store, rng: np.random.Generator) -> None:
    publish(store, [
        started(), lane(fps=1), steps("s1", -5, 10, rng), ended("s1", [-5], [10], rng),
        lane(fps=2), steps("s1", 5, 10, rng), ended("s1", [5], [10], rng), lane(fps=3),
    ])  # fmt: skip
    assert [store.trace("s1", i).recipe["fps"] for i in (0, 1)] == [1, 2]
    assert store.describe("s1")["lanes"] == [
        {"lane": 0, "group": 0, "place": "cell 0", "recipe": {"env_id": "CartPole-v1", "fps": 3}}
    ]


def test_scratch_sessions_are_left_out_until_promoted(store: Store, rng: np.random.Generator) -> None:
    publish(store, run("s1", [5], rng, scratch=True))
    assert store.sessions().empty and store.newest() is None
    assert store.newest(scratch=True) == "s1" and len(store.sessions(scratch=True)) == 1
    publish(store, [SessionChanged("s1", {"scratch": False})])
    assert store.newest() == "s1" and store.sessions()["id"].tolist() == ["s1"]


def test_find_takes_names_ids_and_beginnings_and_suggests(store: Store, rng: np.random.Generator) -> None:
    with pytest.raises(SessionNotFound, match="nothing is recorded"):
        store.find("x")
    publish(
        store, [started("aa11", "dqn-wide", T0), started("aa22", "dqn-wide", T0 + 5), started("bb33", "ppo", T0 + 1)]
    )
    assert store.find("dqn-wide") == "aa22" and store.find("aa11") == "aa11" and store.find("bb") == "bb33"
    with pytest.raises(SessionNotFound, match=r"no session 'dqn_wid'. Close: 'dqn-wide'"):
        store.find("dqn_wid")
    with pytest.raises(SessionNotFound, match="2 sessions have an id that begins with 'aa'"):
        store.find("aa")
    with pytest.raises(SessionNotFound, match="'nope'"):
        store.episodes("nope")


def test_update_renames_and_refuses_other_fields(store: Store, rng: np.random.Generator) -> None:
    publish(store, run("s1", [5], rng))
    store.update("s1", name="better", note="so", tags=("x", "y"), params={"lr": np.float32(0.5), "n": math.nan})
    about = store.describe("s1")
    assert (about["name"], about["note"], about["tags"]) == ("better", "so", ["x", "y"])
    assert about["params"]["lr"] == 0.5 and math.isnan(about["params"]["n"]) and store.find("better") == "s1"
    with pytest.raises(BadValue, match="'steps'"):
        store.update("s1", steps=3)
    with pytest.raises(SessionNotFound):
        store.update("s9", name="x")


def test_delete_frees_the_space(store: Store, rng: np.random.Generator) -> None:
    publish(store, [started("small", "small"), *run("big", [2000] * 400, rng)])
    size = store.size()
    store.delete("big")
    assert store.sessions()["id"].tolist() == ["small"]
    assert store.path.stat().st_size < size / 5
    publish(store, [steps("big", 0, 5, rng), steps("small", 0, 5, rng)])  # late events of a deleted session
    assert store.sessions()["steps"].tolist() == [5]
    with pytest.raises(SessionNotFound):
        store.delete("big")


def test_episodes_that_are_not_there(store: Store, rng: np.random.Generator) -> None:
    publish(store, [started(), lane()])
    assert store.episodes("s1").empty and list(store.episodes("s1").columns)[:4] == [
        "lane",
        "group",
        "return",
        "length",
    ]
    assert store.metrics("s1").empty
    with pytest.raises(EpisodeNotFound, match="no episode that has ended"):
        store.trace("s1", 0)
    publish(store, [ended("s1", [0], [10], rng), steps("s1", 0, 4, rng)])
    with pytest.raises(EpisodeNotFound, match="episodes 0 to 0"):
        store.trace("s1", -1)
    with pytest.raises(NotReplayable, match="10 steps, of which 4"):
        store.trace("s1", 0)


def test_an_episode_that_was_open_is_there_as_unfinished(tmp_path: Path, rng: np.random.Generator) -> None:
    store = Store(tmp_path / "s.sqlite")
    first = start(rng)
    publish(store, [started(), lane(), steps("s1", 0, 25, rng), ended("s1", [0], [10], rng),
                    EpisodeOpened("s1", 0, 10, T0, first)])  # fmt: skip
    assert len(store.episodes("s1")) == 1, "it still goes on"
    store.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.sessions()["status"].tolist() == ["interrupted"]
    row = again.episodes("s1").iloc[1]
    assert (row["length"], row["return"], row["finished"]) == (15, 15.0, False)
    assert len(again.trace("s1", 1)) == 15 and again.trace("s1", 1).start == first
    again.close()


def test_slow_environments_leave_no_crumbs(store: Store, rng: np.random.Generator) -> None:
    publish(store, [started(), lane()])
    for i in range(100):
        publish(store, [steps("s1", 3 * i, 3, rng), ended("s1", [3 * i], [3], rng), metric("s1", "loss", [i], i)])
    with store._reading() as conn:
        assert conn.execute("SELECT count(*) FROM blocks").fetchone()[0] == 3
        real = conn.execute("SELECT sum(length(data) + coalesce(length(extra), 0)) FROM blocks").fetchone()[0]
        recipes = conn.execute("SELECT sum(length(text)) FROM recipes").fetchone()[0]
    assert store.sessions()["bytes"].tolist() == [real + recipes]
    assert store.metrics("s1")["value"].tolist() == list(range(100)) and len(store.trace("s1", 99)) == 3


def test_an_event_that_makes_no_sense_is_named_once(
    store: Store, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RLNB_STRICT", raising=False)
    bad = StepsRecorded("s1", 0, 0, 0, np.zeros(3), np.zeros(2), np.zeros(3, np.uint16))
    publish(store, [started(), bad, bad, steps("s1", 0, 7, rng)])
    assert store.sessions()["steps"].tolist() == [7]
    assert len(said) == 1 and "StepsRecorded could not be stored" in said[0]

"""A session as JSON: there and back, and errors that name the place."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlnb.errors import DocumentError, NotReplayable
from rlnb.events import FramesTaken, MetricsLogged, SessionChanged, StepsRecorded
from rlnb.store import Store
from rlnb.store.check import check
from tests.store.recording import T0, ended, lane, run, started, steps

FREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def text(document: Any) -> str:
    return json.dumps(document, allow_nan=False, sort_keys=True)


@pytest.fixture
def document(store: Store, rng: np.random.Generator) -> dict[str, Any]:
    for event in run("s1", [5, 7], rng, params={"lr": 0.1}):
        store.put(event)
    store.flush()
    return dict(store.export("s1"))


@settings(max_examples=40, deadline=None)
@given(
    params=st.dictionaries(st.text(max_size=8), FREE, max_size=4),
    name=st.text(min_size=1, max_size=20),
    returns=st.lists(st.floats(), min_size=0, max_size=8),
    values=st.lists(st.floats(), max_size=8),
    shape=st.sampled_from([(), (2,)]),
    dtype=st.sampled_from(["<i8", "<f4", "|u1", "|b1", "<f8"]),
    prefix=st.integers(0, 4),
)
def test_round_trip(
    params: dict[str, Any],
    name: str,
    returns: list[float],
    values: list[float],
    shape: tuple[int, ...],
    dtype: str,
    prefix: int,
) -> None:
    rng = np.random.default_rng(0)
    n = 5 * len(returns)
    with tempfile.TemporaryDirectory() as folder:
        one, two = Store(Path(folder) / "1.sqlite"), Store(Path(folder) / "2.sqlite")
        one.put(
            started("s1", name, params=params, seed=2**70, tags=("a", "b"), provenance={"numpy": "2", "x": math.inf})
        )
        one.put(lane(fps=50))
        for i, value in enumerate(returns):
            first = 5 * i - prefix
            one.put(StepsRecorded("s1", 0, 0, first, rng.integers(0, 2, (5, *shape)).astype(dtype), rng.random(5),
                                  rng.integers(0, 99, 5).astype(np.uint16)))  # fmt: skip
            one.put(ended("s1", [first], [5], rng, returns=[value], finished=[i % 3 != 1]))
        one.put(MetricsLogged("s1", {name: np.arange(len(values))}, {name: np.arange(len(values)) + T0},
                              {name: np.array(values, float)}))  # fmt: skip
        one.put(SessionChanged("s1", {"note": "n", "status": "stopped"}))
        one.flush()
        document = one.export("s1")
        id = two.load(json.loads(text(document)))
        assert id == "s1" and text(two.export(id)) == text(document)
        assert two.sessions()["steps"].tolist() == [max(0, n - prefix)] == one.sessions()["steps"].tolist()
        for column in ("episodes", "mean_return", "best"):
            assert two.sessions()[column].equals(one.sessions()[column]), column
        for i in range(len(returns)):
            a, b = one.trace("s1", i), two.trace(id, i)
            assert a.actions.tobytes() == b.actions.tobytes() and a.start == b.start and a.recipe == b.recipe
        one.close()
        two.close()


def test_the_schema_on_paper_has_the_same_fields(document: dict[str, Any]) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "session.schema.json").read_text(encoding="utf-8"))
    assert set(schema["required"]) | {"traces"} == set(schema["properties"]) == set(document)
    assert set(schema["properties"]["session"]["required"]) == set(document["session"])
    assert set(schema["properties"]["episodes"]["required"]) == set(document["episodes"])
    assert set(schema["$defs"]["lane"]["required"]) == set(document["lanes"][0])


def test_loading_twice_gives_two_sessions(store: Store, document: dict[str, Any]) -> None:
    id = store.load(document)
    assert id != "s1" and len(store.sessions()) == 2
    assert store.episodes(id).equals(store.episodes("s1"))


def test_a_session_may_have_no_traces(store: Store, document: dict[str, Any]) -> None:
    slim = dict(store.export("s1", traces=False))
    assert slim["traces"] is None
    store.delete("s1")
    for version in (slim, {key: slim[key] for key in slim if key != "traces"}):
        id = store.load(version)
        assert store.episodes(id)["length"].tolist() == [5, 7] and store.describe(id)["steps"] == 12
        with pytest.raises(NotReplayable, match="without traces"):
            store.trace(id, 0)


def test_a_running_session_is_loaded_as_interrupted(store: Store, rng: np.random.Generator) -> None:
    for event in [started(), lane(), steps("s1", 0, 5, rng)]:
        store.put(event)
    store.flush()
    id = store.load(store.export("s1"))
    assert store.describe(id)["status"] == "interrupted" and store.describe("s1")["status"] == "running"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["schema"], "rlnb-session/9", r"schema: found 'rlnb-session/9', expected the text \"rlnb-session/1\""),
        (["session", "name"], 3, "session.name: found 3, expected a text"),
        (["session", "status"], "lost", "session.status: found 'lost', expected one of running"),
        (["session", "started"], "NaN", "session.started: found 'NaN', expected a finite number"),
        (["session", "tags"], [1], "session.tags"),
        (["episodes", "length", 1], -1, r"episodes.length\[1\]: found -1, expected a whole number from 0 on"),
        (["episodes", "return", 0], "much", r"episodes.return\[0\]: found 'much', expected a number, or \"NaN\""),
        (["episodes", "finished", 0], 1, r"episodes.finished\[0\]: found 1, expected true or false"),
        (["episodes", "ended"], [1.0], "episodes.ended: found '1 entries', expected 2"),
        (["metrics", "loss", "step", 0], 0.5, r"metrics.loss.step\[0\]: found 0.5, expected a whole number"),
        (["lanes", 0, "recipe"], None, r"lanes\[0\].recipe: found None, expected an object"),
        (["groups", 0, "steps"], True, r"groups\[0\].steps: found True"),
        (["traces", "starts"], [], "traces.starts: found '0 entries', expected 2"),
        (["traces", "starts", 0], "?", r"traces.starts\[0\]: found '\?', expected base64"),
        (["traces", "steps", 0, "rewards", "data"], "AAAA", r"traces.steps\[0\].rewards.data: .* zlib"),
        (["traces", "steps", 0, "rewards", "shape"], [11], r"traces.steps\[0\].rewards.data: .* 88 bytes"),
        (["traces", "steps", 0, "actions", "dtype"], "V8", r"traces.steps\[0\].actions.dtype: found 'V8'"),
    ],
)
def test_an_error_names_the_place_and_leaves_nothing(
    store: Store, document: dict[str, Any], path: list[Any], value: Any, message: str
) -> None:
    wrong = copy.deepcopy(document)
    inner: Any = wrong
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(DocumentError, match=message):
        store.load(wrong)
    assert len(store.sessions()) == 1


def test_what_no_database_holds_is_refused_whole(store: Store, document: dict[str, Any]) -> None:
    document["lanes"][0]["place"] = "\ud800"
    with pytest.raises(DocumentError, match="cannot be stored"):
        store.load(document)
    assert len(store.sessions()) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": [0]}, r"traces.frames\[0\].pictures: found '2 entries', expected 1"),
        ({"steps": [3, 3]}, r"traces.frames\[0\].steps: found \[3, 3\], expected numbers that rise"),
        ({"pictures": ["?", ""]}, r"traces.frames\[0\].pictures\[0\]: found '\?', expected base64"),
        ({"lane": -1}, r"traces.frames\[0\].lane: found -1"),
    ],
)
def test_frames_that_make_no_sense_are_named(
    store: Store, rng: np.random.Generator, change: dict[str, Any], message: str
) -> None:
    for event in run("s1", [5], rng):
        store.put(event)
    store.put(FramesTaken("s1", 0, 0, np.array([0, 3]), (b"one", b"three")))
    store.flush()
    document = copy.deepcopy(dict(store.export("s1")))
    id = store.load(document)
    assert store.trace(id, 0).pictures == ((0, b"one"), (3, b"three")) == store.trace("s1", 0).pictures
    document["traces"]["frames"][0].update(change)
    with pytest.raises(DocumentError, match=message):
        store.load(document)


@pytest.mark.parametrize("wrong", [None, [], "x", {}, {"schema": "rlnb-session/1"}])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(DocumentError):
        check(wrong)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_broken_document_raises_a_document_error_or_is_fine(data: st.DataObject) -> None:
    document = copy.deepcopy(_WHOLE)
    inner: Any = document
    while True:  # go down to a random place and put anything there
        key = data.draw(st.sampled_from(list(inner) if isinstance(inner, dict) else list(range(len(inner)))))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(FREE)
    with contextlib.suppress(DocumentError):
        check(document)


def _whole() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for event in run("s1", [5, 7], np.random.default_rng(0)):
            store.put(event)
        store.flush()
        document = dict(store.export("s1"))
        store.close()
    return document


_WHOLE = _whole()

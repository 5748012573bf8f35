"""Logged numbers wait for the flush."""

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control.recording.numbers import MOST_NAMES, PACK, Numbers
from rlnb.errors import BadValue


def make():
    said = []
    return Numbers(lambda: 7, said.append), said


def test_collects_by_name():
    numbers, _ = make()
    numbers.log({"loss": 1.0, "q": 2}, None)
    numbers.log({"loss": np.float32(0.5)}, 9)
    event = numbers.collect("s")
    assert event.values["loss"].tolist() == [1.0, 0.5]
    assert event.steps["loss"].tolist() == [7, 9]
    assert event.values["q"].tolist() == [2.0]
    assert numbers.collect("s") is None


def test_a_tensor_is_detached_at_once():
    torch = pytest.importorskip("torch")
    numbers, _ = make()
    weight = torch.ones(1, requires_grad=True)
    loss = (weight * 3).sum()
    numbers.log({"loss": loss}, None)
    with torch.no_grad():
        weight *= 100
    kept = numbers._waiting[0][0]["loss"]
    assert not kept.requires_grad
    assert numbers.collect("s").values["loss"].tolist() == [3.0]


def test_what_is_no_number_is_named():
    numbers, _ = make()
    with pytest.raises(BadValue, match=r"log\(loss='high'\)"):
        numbers.log({"loss": "high"}, None)


def test_a_tensor_of_many_is_said_once_and_the_others_kept():
    torch = pytest.importorskip("torch")
    numbers, said = make()
    numbers.log({"loss": torch.zeros(3), "q": 1.0}, None)
    assert numbers.collect("s").values["q"].tolist() == [1.0]
    assert "loss" in said[0]


def test_names_are_capped_with_a_word():
    numbers, said = make()
    numbers.log({f"m{i}": 1.0 for i in range(MOST_NAMES + 3)}, None)
    assert len(numbers.collect("s").values) == MOST_NAMES
    assert said


def test_too_many_names_are_said_once():
    numbers, said = make()
    for k in range(5000):
        numbers.log({f"m{k}": 1.0}, None)
    numbers.collect("s")
    assert len(said) == 1


def test_what_waits_is_packed():
    """A loop that only logs for hours keeps columns of numbers, not dictionaries."""
    numbers, _ = make()
    for k in range(3 * PACK + 10):
        numbers.log({"loss": float(k)}, k)
        assert len(numbers._waiting) < PACK
    event = numbers.collect("s")
    assert event.values["loss"].tolist() == event.steps["loss"].tolist() == list(range(3 * PACK + 10))
    assert len(numbers) == 0


def test_logging_looks_around_where_nobody_steps(monkeypatch):
    clock, looks = [100.0], []
    monkeypatch.setattr("rlnb.control.recording.numbers.time.time", lambda: clock[0])
    numbers = Numbers(lambda: 0, print, lambda: looks.append(clock[0]))
    for _ in range(100):
        numbers.log({"loss": 1.0}, None)
        clock[0] += 0.01
    assert 5 <= len(looks) <= 7
    looks.clear()
    for _ in range(100):  # steps flush: no need to
        numbers.log({"loss": 1.0}, None)
        numbers.seen()
        clock[0] += 0.01
    assert not looks


def test_who_reads_the_numbers_in_the_loop_is_paused_and_looked_after_all_the_same(recording, monkeypatch):
    clock, ticks = [100.0], []
    monkeypatch.setattr("rlnb.control.recording.numbers.time.time", lambda: clock[0])
    with rlnb.session("reads itself") as s:
        hold = recording.current.hold
        s.break_when("loss > 5")
        monkeypatch.setattr(recording.desk, "tick", lambda: (ticks.append(clock[0]), recording.desk.numbers.seen()))
        for k in range(100):
            rlnb.log(loss=float(k))
            assert len(s.metrics) == k + 1
            assert hold.paused == (k > 5)
            clock[0] += 0.01
        hold.resume()
    assert 5 <= len(ticks) <= 7


def test_what_was_logged_can_be_read_at_once(recording):
    with rlnb.session("steps") as s:
        env = gym.make("CartPole-v1")
        env.reset(seed=0)
        env.step(0)
        rlnb.log(loss=0.5)
        assert s.metrics["value"].tolist() == [0.5]
        rlnb.log(loss=0.25)
        assert s.metrics["value"].tolist() == [0.5, 0.25]


def test_a_loop_that_only_logs_is_the_last_session_at_once(recording):
    with rlnb.session("before"):
        for _ in range(100):
            rlnb.log(loss=9.0)
    for k in range(100):
        rlnb.log(loss=float(k))
    last = rlnb.last()
    assert last.name != "before"
    assert last.metrics["value"].tolist() == list(range(100))
    rlnb.log(loss=100.0)
    assert rlnb.last().id == last.id
    assert len(last.metrics) == 101

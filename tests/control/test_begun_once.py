"""Two threads that begin a session at the same moment (the loop that logs, the clockwork that flushes): one begins."""

import threading

import gymnasium as gym
import pytest

import rlnb
from rlnb import hook
from rlnb.control import room as rooms
from rlnb.events import SessionStarted


@pytest.fixture
def slow_store(monkeypatch):
    """Opening the store takes as long as it takes somebody else to try it too (or half a second)."""
    opening, second, opened = threading.Event(), threading.Event(), []

    class Slow(rooms.Store):
        def __init__(self, *args):
            opened.append(threading.current_thread().name)
            if len(opened) > 1:
                second.set()
            opening.set()
            second.wait(0.5)
            super().__init__(*args)

    monkeypatch.setattr(rooms, "Store", Slow)
    return opening, opened


def test_a_loop_that_logs_beside_the_clockwork_begins_nothing_of_its_own(recording, slow_store):
    opening, opened = slow_store
    begun = []
    recording.bus.subscribe(SessionStarted, begun.append)
    env = gym.make("FrozenLake-v1", is_slippery=False)
    recording.desk.capture.due[:] = float("inf"), 0  # the loop itself flushes nothing
    for _ in range(5):
        env.reset(seed=0)
        for action in (1, 1, 2, 1, 2, 2):
            env.step(action)
    beside = threading.Thread(target=recording.desk.capture.flush, name="rlnb ticker")
    beside.start()
    assert opening.wait(10)
    hook.log(loss=1.0)
    recording.desk.numbers._look_at = 1.0  # nobody has flushed for a while
    hook.log(loss=0.5)
    beside.join()
    recording.settle()
    assert [len(opened), len(begun)] == [1, 1]
    assert len(rlnb.last().episodes) == 5
    assert rlnb.last().metrics.value.tolist() == [1.0, 0.5]


def test_the_store_is_opened_once(recording, slow_store):
    opening, opened = slow_store
    asked = []
    beside = threading.Thread(target=lambda: asked.append(recording.store))
    beside.start()
    assert opening.wait(10)
    asked.append(recording.store)
    beside.join()
    assert len(opened) == 1 and asked[0] is asked[1]

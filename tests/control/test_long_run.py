"""A cell of eight hours, by a clock that the test moves: the page, the memory and the notebook's file stay small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.clock import ManualClock
from rlnb.control import doors
from rlnb.control.room import Room

HOURS, EVERY, EPISODES = 8, 5.0, 50  # ten short episodes a second, flushed every five


class Coin(gym.Env[Any, Any]):
    """Ends after two steps."""

    observation_space = gym.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self.k = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        self.k += 1
        return np.zeros(1, np.float32), float(self.np_random.random()), self.k == 2, False, {}


class Browser:
    """The other end of a view: acknowledges as the page does, and weighs what comes."""

    def __init__(self, view: Any) -> None:
        self.view, self.seq, self.messages, self.bytes, self.largest = view, 0, 0, 0, 0
        self.ticks: list[int] = []  # bytes of each
        view.hears(True)
        view.hears = lambda while_running, *_: None  # there is no notebook here, and the room would say so
        view.send = self.receive
        view.observe(lambda change: self.weigh(len(change.new)), "snapshot")

    def weigh(self, size: int) -> None:
        self.messages += 1
        self.bytes += size
        self.largest = max(self.largest, size)

    def receive(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.weigh(sum(map(len, buffers)))
        self.ticks.append(sum(map(len, buffers)))
        self.seq = content["seq"]
        if self.seq % 2 == 0:
            self.answer()

    def answer(self) -> None:
        """To every second tick at once, to the others within half a second."""
        self.view._handle_custom_msg({"type": "ack", "seq": self.seq}, [])

    def take(self) -> tuple[int, int, int]:
        taken = self.messages, self.bytes, self.largest
        self.messages = self.bytes = self.largest = 0
        return taken


def resident() -> float:
    """MB of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Room(ManualClock())
    monkeypatch.setattr(doors, "_room", made)
    made.open()
    yield made
    rlnb.uninstall()


def play(room: Room, env: Any, episodes: int, seconds: float) -> None:
    for k in range(episodes):
        env.reset()
        env.step(0)
        env.step(1)
        rlnb.log(loss=1 / (k + 1), entropy=0.5)
    room.clock.advance(seconds)
    room.desk.capture.flush()
    room.desk.tick()


@pytest.mark.slow
def test_eight_hours(room):
    env = rlnb.watch(Coin())
    with rlnb.session("a night") as s:
        browser = Browser(s.live().widget)
        feed = room.live.feed(s)
        for _ in range(600):  # a minute, as closely as the view ever looks
            play(room, env, 1, 0.1)
        messages, size, _ = browser.take()
        assert messages <= 60 * 11, "ten ticks a second, and a snapshot every five"
        assert size <= 60 * 300_000
        hours = []
        for _ in range(HOURS):
            for _ in range(int(3600 / EVERY)):
                play(room, env, EPISODES, EVERY)
                browser.answer()
            messages, size, largest = browser.take()
            static = len(feed.static()["image/png"])
            hours.append((resident(), messages, size, largest, len(browser.view.snapshot), static))
    memory, messages, size, largest, snapshot, static = zip(*hours, strict=True)
    print("MB", [round(one) for one in memory], "messages", messages, "bytes", size, largest, snapshot, static)
    assert memory[-1] - memory[3] < 12, "flat once the charts' rows have their 16 MB"
    assert 3600 / EVERY <= min(messages) <= max(messages) <= 3600 / EVERY * 2 + 2, "a tick and a snapshot each time"
    assert max(size) <= 3600 * 100_000
    assert max(largest) <= 300_000
    assert max(snapshot[3:]) <= 1.2 * snapshot[2] <= 300_000
    assert max(static) <= 150_000
    table = s.episodes
    assert room.store.size() / len(table) < 100, "bytes of two steps with their episode; 62 here"
    assert len(table) == 600 + HOURS * int(3600 / EVERY) * EPISODES
    assert table["length"].eq(2).all()


def test_a_name_of_10_000_characters_does_not_travel_with_each_tick(room):
    env = rlnb.watch(Coin())
    long = "<b>long</b>" * 1000
    with rlnb.session(long) as s:
        browser = Browser(s.live().widget)
        for _ in range(100):
            play(room, env, 1, 0.11)
            rlnb.log({long + "a": 1.0, long + "b": 2.0})
    assert len(browser.ticks) >= 80
    assert sorted(browser.ticks)[len(browser.ticks) // 2] < 5_000, "six series with their names, not 40 KB of them"
    titles = [key[0] for key in browser.view._history]
    assert len(set(titles)) == 6 and max(map(len, titles)) < 130
    assert set(s.metrics.name) == {"loss", "entropy", long + "a", long + "b"}

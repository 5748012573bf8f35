"""Watching the running training: the newest picture of a lane, which changes nothing about it."""

from __future__ import annotations

import io
import threading
import zlib

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from PIL import Image

import rlnb
from rlnb.clock import ManualClock
from rlnb.control.room import Room
from rlnb.control.view.onlookers import PACE
from rlnb.errors import BadValue
from tests.capture.vectors import Dice

PATIENCE = 120.0  # seconds: a worker starts, and loads what it draws with


class Screen:
    """A view of paper: asks for the next picture as soon as it has one."""

    def __init__(self, room, lane=None, view="one"):
        self.room, self.lane, self.view = room, lane, view
        self.pictures, self.words, self.notes, self.lanes = [], [], [], []
        self.open = True

    def ask(self, fresh=False):
        if self.open and self.room.current is not None:
            payload = {"view": self.view, "lane": self.lane, "fresh": fresh}
            self.room.onlookers.command(self.room.current, self, "watch", payload)

    def glance(self, views, lane, picture, words):
        assert views == [self.view]
        self.pictures.append(picture)
        self.words.append(words)
        self.lanes.append(lane)
        self.ask()

    def glance_note(self, views, text):
        self.notes.append(text)


def make_plain():
    return gym.make("CartPole-v1")


def make_drawn():
    return gym.make("CartPole-v1", render_mode="rgb_array")


def make_cheetah():
    return gym.make("HalfCheetah-v5")


MAKERS = {
    "without a render mode": (make_plain, "another process"),
    "with one": (make_drawn, "of its episode"),
    "sync": (lambda: gym.vector.SyncVectorEnv([make_plain] * 3), "another process"),
    "sync, drawn": (lambda: gym.vector.SyncVectorEnv([make_drawn] * 3), "of its episode"),
    "native": (lambda: gym.make_vec("CartPole-v1", 3), "another process"),
    "in workers": (lambda: gym.vector.AsyncVectorEnv([make_plain] * 2), "another process"),
    "MuJoCo": (make_cheetah, "another process"),
}


def train(room, make, enough, screen=None):
    """Step until `enough(steps)`; the sum of everything that `step` gave, and how many there were."""
    env = make()
    crc = steps = 0
    with rlnb.session("training"):
        asked = False
        env.action_space.seed(5)
        observation, _ = env.reset(seed=5)
        while not enough(steps):
            observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            parts = (observation, reward, terminated, truncated)
            crc = zlib.crc32(b"".join(np.asarray(part).tobytes() for part in parts), crc)
            steps += 1
            if not hasattr(env, "num_envs") and (terminated or truncated):
                env.reset()
            if screen is not None and not asked and room.current.lanes.count > (screen.lane or 0):
                screen.ask(fresh=True)
                asked = True
            assert room.onlookers.idle.wait(PATIENCE)
    env.close()
    return crc, steps


@pytest.mark.parametrize("kind", [*MAKERS])
def test_a_watched_training_is_the_same_to_the_bit(recording, kind):
    if kind == "MuJoCo":
        pytest.importorskip("mujoco")
    make, words = MAKERS[kind]
    screen = Screen(recording, lane=1 if hasattr(make(), "num_envs") else None)
    seen, steps = train(recording, make, lambda n: len(set(screen.pictures)) > 2 and n > 300, screen)
    assert screen.notes == []
    picture = np.asarray(Image.open(io.BytesIO(screen.pictures[-1])))
    assert picture.ndim == 3 and picture.std() > 1
    assert all(words in said and "not what happened" not in said for said in screen.words)
    assert any("another process" in said for said in screen.words) == (words == "another process")
    assert set(screen.lanes) == {screen.lane or 0}
    assert len(screen.pictures[-1]) < 40_000
    unseen, _ = train(recording, make, lambda n: n == steps)
    assert seen == unseen


def watched_by_the_clock():
    """What a view gets within ten seconds of a clock that moves a hundredth a step."""
    room = Room(clock := ManualClock())
    room.open()
    room.desk.capture.install()
    screen = Screen(room)
    try:
        env = make_drawn()
        env.reset(seed=0)
        env.action_space.seed(0)
        room.desk.begin("block", scratch=False)
        screen.ask(fresh=True)
        for _ in range(1000):
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                env.reset()
            clock.advance(0.01)
            room.desk.tick()
            assert room.onlookers.idle.wait(PATIENCE)
    finally:
        room.close()
    return screen


def test_at_most_ten_pictures_a_second_by_the_clock(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    screen = watched_by_the_clock()
    assert 30 < len(screen.pictures) <= 100


def test_large_pictures_come_less_often(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)  # what compresses worst
    monkeypatch.setattr(CartPoleEnv, "render", lambda self: noise)
    screen, seconds = watched_by_the_clock(), 10
    assert max(map(len, screen.pictures)) > PACE / 5
    assert len(screen.pictures) > 1
    assert sum(map(len, screen.pictures[:-1])) <= PACE * seconds


def test_nothing_is_drawn_and_no_process_started_while_nobody_watches(recording, monkeypatch):
    drawn = []
    render = CartPoleEnv.render
    monkeypatch.setattr(CartPoleEnv, "render", lambda self: (drawn.append(1), render(self))[1])
    train(recording, make_drawn, lambda n: n == 2000)
    train(recording, make_plain, lambda n: n == 2000)
    assert drawn == []
    assert recording._worker is None
    screen = Screen(recording)
    closed_at = []

    def enough(n):
        if screen.open and len(screen.pictures) > 1:
            screen.open = False
            recording.onlookers.command(recording.current, screen, "unwatch", {"view": "one"})
            closed_at.append((n, len(drawn)))
        return not screen.open and n > closed_at[0][0] + 2000

    train(recording, make_drawn, enough, screen)
    assert len(drawn) == closed_at[0][1] > 0


def test_a_picture_that_nothing_has_changed_is_not_sent_twice(recording):
    screen = Screen(recording)
    with rlnb.session("still"):
        env = make_drawn()
        env.reset(seed=0)
        screen.ask(fresh=True)
        while not screen.pictures:
            *_, terminated, _, _ = env.step(0)
            if terminated:
                env.reset()
            assert recording.onlookers.idle.wait(PATIENCE)
        recording.onlookers._next = 0.0
        recording.desk.tick()
        recording.onlookers.idle.wait(PATIENCE)
        before = len(screen.pictures)
        for _ in range(5):
            recording.onlookers._next = 0.0
            recording.desk.tick()
            assert recording.onlookers.idle.wait(PATIENCE)
        assert len(screen.pictures) == before
        screen.ask(fresh=True)  # another panel, or this one opened anew
        recording.onlookers._next = 0.0
        recording.desk.tick()
        assert recording.onlookers.idle.wait(PATIENCE)
        assert len(screen.pictures) == before + 1


class Restless(gym.Env):
    """Its picture takes random numbers from the environment; a lock keeps it from being made again elsewhere."""

    observation_space = gym.spaces.Box(0, 1, (1,), np.float64)
    action_space = gym.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    draws = True

    def __init__(self, lock=None, render_mode=None):
        self.lock, self.render_mode, self.steps = lock, render_mode, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.np_random.random(1), {}

    def step(self, action):
        self.steps += 1
        return self.np_random.random(1), float(np.random.random()), self.steps == 50, False, {}

    def render(self):
        noise = self.np_random.random() if self.draws else 0.5
        return np.full((40, 40, 3), int(255 * noise), np.uint8)


def make_restless():
    np.random.seed(3)
    return rlnb.watch(Restless(threading.Lock(), render_mode="rgb_array"))


def test_a_picture_that_draws_random_numbers_gives_them_back_and_is_not_taken_again(recording):
    screen = Screen(recording)
    seen, steps = train(recording, make_restless, lambda n: bool(screen.notes) and n > 200, screen)
    assert screen.pictures == []
    assert "cannot be" in screen.notes[0]
    unseen, _ = train(recording, make_restless, lambda n: n == steps)
    assert seen == unseen


def test_what_cannot_run_elsewhere_is_drawn_where_it_is(recording, monkeypatch):
    monkeypatch.setattr(Restless, "draws", False)
    screen = Screen(recording)
    train(recording, make_restless, lambda n: len(screen.pictures) > 1, screen)
    assert screen.notes == []


def test_lanes_that_only_run_together_are_not_watched_and_the_view_says_why(recording):
    screen = Screen(recording, lane=2)
    train(recording, lambda: rlnb.watch(Dice()), lambda n: bool(screen.notes), screen)
    assert "all lanes of its vector environment" in screen.notes[0]
    assert screen.pictures == []


def test_a_lane_that_is_not_there_is_named(recording):
    with rlnb.session("one"):
        env = make_plain()
        env.reset()
        for _ in range(5):
            env.step(0)
        recording.desk.capture.flush()
        screen = Screen(recording, lane=7)
        with pytest.raises(BadValue, match="There is no lane 7: this session has 1"):
            screen.ask()
        screen.lane = 0
        screen.ask()
    assert recording.onlookers._wishes == {}  # the session is over

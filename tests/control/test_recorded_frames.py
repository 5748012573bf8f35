"""What cannot be simulated again keeps the pictures that its own loop drew."""

from __future__ import annotations

import threading

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import RenderCollection

import rlnb
from rlnb.capture import frames
from rlnb.capture.frames import STRIP, Strip, compressed, tap
from rlnb.capture.recorder import Recorder
from rlnb.clock import ManualClock


class Remote(gym.Env):
    """Its dice are not its own, and a lock keeps it from being pickled: nobody can run it again."""

    observation_space = gym.spaces.Box(-9, 9, (2,), np.float64)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode="rgb_array", pickles=False):
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 20}
        self.render_mode = render_mode
        self.k = 0
        if not pickles:
            self.line = threading.Lock()

    def reset(self, *, seed=None, options=None):
        self.k = 0
        return np.random.rand(2), {}

    def step(self, action):
        self.k += 1
        return np.random.rand(2), float(action), self.k == 6, False, {}

    def render(self):
        return np.full((40, 60, 3), 40 * self.k, np.uint8)


def play(env, episodes, action=0):
    drawn = []
    for number in range(episodes):
        env.reset()
        drawn.append(env.render())
        over = False
        while not over:
            *_, over, _, _ = env.step(number if action is None else action)
            drawn.append(env.render())
    return drawn


@pytest.fixture(autouse=True)
def every_picture(monkeypatch):
    """No picture is let go because it came too soon after the last, or found the queue full."""
    monkeypatch.setattr(frames, "APART", 0.0)
    put = frames._Compressor.put
    monkeypatch.setattr(
        frames._Compressor, "put", lambda self, strip, k, picture, wait: put(self, strip, k, picture, True)
    )


@pytest.mark.parametrize("pickles", [False, True])
def test_recorded_frames_take_the_place_of_a_simulation(recording, pickles, tmp_path):
    env = rlnb.watch(Remote(pickles=pickles))
    with rlnb.session("remote") as session:
        play(env, 3)
    found = session.verify()
    assert found["verdict"].tolist() == ["recorded frames"] * 3  # the first, the second, the third: 0, 1, 2
    assert "7 pictures that the training itself drew" in found["compared"][0]
    take = session.replay(0).takes[0]
    assert take.film.verdict.verdict == "recorded frames" and take.film.frames == 7
    assert session.save_video(tmp_path / "x.mp4", 0).stat().st_size > 500
    png = recording.worker.frame(recording.store.trace(session.id, 0), 4)
    shown = frames_of(png)
    assert abs(int(shown.mean()) - 160) < 4
    steps = session.steps(0)
    assert steps["reward"].tolist() == [0.0] * 6 and "observation" not in steps
    assert steps.attrs["verdict"] in ("diverged", "not replayable") and steps.attrs["reason"]


def traces(recording, session, count):
    recording.settle()
    return [recording.store.trace(session.id, k) for k in range(count)]


def frames_of(png):
    from rlnb.replays.stored import opened

    return opened(png)


def test_the_first_the_best_and_a_thinning_schedule_are_kept(recording):
    env = rlnb.watch(Remote())
    with rlnb.session("many") as session:
        for reward in [1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]:
            play(env, 1, reward)
        play(env, 1, 5)
    kept = {k: len(trace.pictures) for k, trace in enumerate(traces(recording, session, 13)) if trace.pictures}
    assert kept == dict.fromkeys([0, 1, 2, 4, 8, 12], 7)


def test_a_document_and_the_parts_of_a_session_hold_the_frames(recording, tmp_path):
    with rlnb.session("sweep") as session:
        for _ in range(2):  # one environment after another on one lane
            play(rlnb.watch(Remote()), 2, None)
    kept = [trace.pictures for trace in traces(recording, session, 4)]
    assert [len(pictures) for pictures in kept] == [7] * 4
    session.save_json(tmp_path / "s.json")
    loaded = rlnb.load_json(tmp_path / "s.json")
    assert [trace.pictures for trace in traces(recording, loaded, 4)] == kept
    assert loaded.verify()["verdict"].tolist() == ["recorded frames"] * 4
    assert recording.store.export(session.id, traces=False)["traces"] is None
    first, second = session.split()
    assert [trace.pictures for trace in traces(recording, first, 2)] == kept[:2]
    assert [trace.pictures for trace in traces(recording, second, 2)] == kept[2:]


def test_a_list_of_pictures_is_looked_at_and_handed_on(recording):
    env = rlnb.watch(RenderCollection(Remote()))
    env.unwrapped.render_mode = "rgb_array"
    with rlnb.session("list") as session:
        for _ in range(2):
            env.reset()
            while not env.step(1)[2]:
                pass
            assert len(env.render()) == 7
    assert [len(trace.pictures) for trace in traces(recording, session, 2)] == [7, 7]


def test_gymnasiums_own_and_loops_that_draw_nothing_keep_none(recording):
    def tapped(env):
        return tap(env, Recorder(env, "here", ManualClock())) is not None

    assert not tapped(gym.make("CartPole-v1", render_mode="rgb_array"))
    assert not tapped(Remote(render_mode=None))
    assert tapped(gym.make("BipedalWalker-v3", render_mode="rgb_array"))
    assert tapped(Remote())


def test_pictures_are_handed_on_untouched_and_a_broken_one_hurts_nobody(recording):
    class Odd(Remote):
        def render(self):
            return self.shown

    env = rlnb.watch(Odd())
    env.reset()
    for shown in (None, "text", np.zeros((2, 2)), [], [None], np.zeros((4, 4, 3), np.uint8)):
        env.unwrapped.shown = shown
        assert env.render() is shown


def test_the_budget_of_a_session_holds(recording, monkeypatch):
    one = len(compressed(np.zeros((40, 60, 3), np.uint8)))
    monkeypatch.setattr(frames, "BUDGET", 40 * one)
    monkeypatch.setattr(frames, "FOR_THE_BEST", 10 * one)
    env = rlnb.watch(Remote())
    with rlnb.session("small") as session:
        for _ in range(40):
            play(env, 1)
    kept = traces(recording, session, 40)
    stored = sum(len(picture) for trace in kept for _, picture in trace.pictures)
    assert 0 < stored <= 40 * one and kept[0].pictures


def test_a_long_strip_thins_evenly():
    strip = Strip(0)
    for k in range(3000):
        if k % strip.stride == 0:
            strip.add(k, b"x")
    kept = sorted(strip.pictures)
    assert STRIP / 2 <= len(kept) <= STRIP and set(np.diff(kept)) == {strip.stride} and kept[0] == 0


class Honest(Remote):
    """The same with dice that Gymnasium knows: it can be simulated again."""

    def reset(self, *, seed=None, options=None):
        gym.Env.reset(self, seed=seed)
        self.k = 0
        return self.np_random.random(2), {}

    def step(self, action):
        self.k += 1
        return self.np_random.random(2), float(action), self.k == 6, False, {}


def test_what_proves_to_run_again_exactly_needs_no_more_frames(recording, monkeypatch):
    monkeypatch.setattr(frames, "proven", set())
    env = rlnb.watch(Honest(pickles=True))
    with rlnb.session("honest") as session:
        for reward in range(8):  # each the best so far
            play(env, 1, reward)
            env.reset()  # the next episode has begun: the strip of this one is whole
            recording.settle()
            recording.proofs.wait()
    kept = [len(trace.pictures) for trace in traces(recording, session, 8)]
    assert kept[0] == 7 and kept[-1] == 0
    assert tap(env, Recorder(env, "here", ManualClock())) is None
    assert (session.verify()["verdict"] == "exact").all()
    assert session.replay(0).takes[0].film.verdict.verdict == "exact"
    assert "observation" in session.steps(0)

"""A subscriber, a widget or a worker that raises is named once in plain words; training goes on and is recorded."""

from __future__ import annotations

import functools
import multiprocessing

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv

import rlnb
from rlnb.capture import child, children, recorder
from rlnb.events import EpisodesEnded


@pytest.fixture(autouse=True)
def as_people_run_it(monkeypatch):
    monkeypatch.setenv("RLNB_STRICT", "0")


def train(env, steps=60):
    env.reset(seed=0)
    for k in range(steps):
        if any(env.step(k % 2)[2:4]):
            env.reset()


class BrokenView:
    """A widget whose page went wrong."""

    def __getattr__(self, name):
        raise RuntimeError("the widget is broken")


def test_a_widget(recording, capfd):
    """Its ticks, its end and its closing all fail; what is said once is the first of them."""
    with rlnb.session("widget") as session:
        env = gym.make("CartPole-v1")
        train(env)
        recording.live._feeds[session.id].view = BrokenView()
        for _ in range(3):
            recording.live._ticked = -1e9
            recording.live.tick()
        train(env)
    said = capfd.readouterr().err
    assert said.count("the widget is broken") == 1, said
    assert "training and recording go on" in said
    assert session.status == "finished"
    assert session.episodes["length"].sum() == 120


def test_a_subscriber(recording, capfd):
    def broken(event):
        raise RuntimeError("the subscriber is broken")

    recording.bus.subscribe(EpisodesEnded, broken)
    with rlnb.session("subscriber") as session:
        for _ in range(3):
            train(gym.make("CartPole-v1"))
            recording.settle()
    said = capfd.readouterr().err
    assert said.count("the subscriber is broken") == 1, said
    assert session.episodes["length"].sum() == 180


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_the_recorder_in_a_worker_process(recording, capfd, monkeypatch):
    monkeypatch.setattr(children, "PATIENCE", 60.0)

    def broken(self, *args):
        raise RuntimeError("the recorder is broken")

    begin = child._record

    def record(folder):
        recorder.Recorder.ended = broken
        begin(folder)

    monkeypatch.setattr(child, "_record", record)
    env = AsyncVectorEnv([functools.partial(gym.make, "CartPole-v1")] * 2, context="fork")
    with rlnb.session("worker") as session:
        env.reset(seed=0)
        for _ in range(60):
            env.step(np.ones(2, int))
    env.close()
    said = capfd.readouterr().err
    assert said.count("the recorder is broken") == 1, said
    assert "Training goes on" in said
    assert len(session.episodes) == 2 and not session.episodes["finished"].any()  # what came before is kept

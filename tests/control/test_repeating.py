"""A training function over seeds: here, in worker processes, stopped, and failing."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time

import gymnasium as gym
import pytest

import rlnb
from rlnb.errors import BadValue


def make_train(bad=None):
    """A function that lives in no module, as one of a notebook's cell does."""

    def train(seed, lr=0.1, path=None):
        env = gym.make("CartPole-v1")
        env.action_space.seed(seed)
        for episode in range(5):
            env.reset(seed=100 * seed + episode)
            over = False
            while not over:
                *_, terminated, truncated, _ = env.step(env.action_space.sample())
                over = terminated or truncated
            if seed == bad:
                raise ValueError(f"seed {seed} is no good")

    train.__module__ = "__main__"  # by value, as of a notebook
    return train


def test_workers_do_what_this_process_does(recording, capsys):
    train = make_train(bad=2)
    here = rlnb.repeat(train, seeds=4)
    there = rlnb.repeat(train, seeds=[3, 2, 1, 0], workers=2, params={"lr": 0.1})
    assert [run.seed for run in here] == [0, 1, 2, 3]
    assert [run.seed for run in there] == [3, 2, 1, 0]
    for run in here:
        twin = next(one for one in there if one.seed == run.seed)
        assert run.session.seed == twin.session.seed == run.seed
        assert run.session.status == twin.session.status == ("failed" if run.seed == 2 else "finished")
        assert run.session.params == twin.session.params == {"lr": 0.1}
        assert run.session.name == twin.session.name == "train"
        assert run.session.episodes["return"].tolist() == twin.session.episodes["return"].tolist()
    said = capsys.readouterr().out
    assert said.count("seed 2 failed: ValueError: seed 2 is no good") == 2
    assert said.count("(8 of 8)") == 0 and said.count("4 of 4") == 2
    verdict = rlnb.compare([run.session for run in here])
    assert [len(setting.runs) for setting in verdict.settings] == [4]


def test_a_partial_names_its_parameters(recording):
    (run,) = rlnb.repeat(functools.partial(make_train(), lr=0.5), seeds=1)
    assert run.session.params["lr"] == 0.5
    assert run.session.name == "train"


@pytest.mark.parametrize("workers", [0, 2])
def test_the_stop_button_ends_all_and_keeps_what_was_recorded(recording, capsys, workers, tmp_path):
    def train(seed):
        env = gym.make("CartPole-v1")
        env.reset(seed=seed)
        for step in range(10**9):
            if any(env.step(step % 2)[2:4]):
                env.reset()
            if step == 3000:
                (tmp_path / f"going {seed}").touch()

    train.__module__ = "__main__"
    seeds = [0] if workers == 0 else [0, 1]

    def press():
        while not all((tmp_path / f"going {seed}").exists() for seed in seeds):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    runs = rlnb.repeat(train, seeds=3, workers=workers)
    assert [run.seed for run in runs] == seeds
    assert "0 of 3 runs were over" in capsys.readouterr().out
    for run in runs:
        assert run.session.status in ("stopped", "interrupted")
        assert run.session.episodes["length"].sum() >= 3000


def test_a_process_that_dies_is_named_and_the_others_go_on(recording, capsys):
    def train(seed):
        env = gym.make("CartPole-v1")
        env.reset(seed=seed)
        env.step(0)
        if seed == 0:
            os._exit(7)

    train.__module__ = "__main__"
    runs = rlnb.repeat(train, seeds=2, workers=2)
    assert [run.seed for run in runs] == [0, 1]
    assert "seed 0 failed: the process ended with 7" in capsys.readouterr().out
    assert runs[1].session.status == "finished"


def test_wrong_words_are_named(recording):
    with pytest.raises(BadValue, match="a function train"):
        rlnb.repeat("train")
    with pytest.raises(BadValue, match="workers=-1"):
        rlnb.repeat(make_train(), workers=-1)
    with pytest.raises(BadValue, match=r"rlnb.repeat\(0\): at least one seed"):
        rlnb.repeat(make_train(), seeds=0)
    lock = threading.Lock()
    held = lambda seed: lock.acquire()  # noqa: E731
    held.__module__ = "__main__"
    with pytest.raises(BadValue, match="cannot be sent to another process"):
        rlnb.repeat(held, seeds=1, workers=1)

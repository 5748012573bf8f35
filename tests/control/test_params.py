"""Hyper-parameters are picked up without asking."""

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from rlnb.control.recording.params import as_params, from_namespace, on_the_stack


@dataclass
class Config:
    lr: float = 0.1
    hidden: tuple[int, ...] = (64, 64)


def test_dict_dataclass_and_namespace():
    assert as_params({"lr": 0.1, "f": print}) == {"lr": 0.1}
    assert as_params(Config()) == {"lr": 0.1, "hidden": [64, 64]}
    assert as_params(argparse.Namespace(lr=0.1)) == {"lr": 0.1}
    assert as_params(3) == {}


def test_numpy_numbers_are_numbers():
    assert as_params({"lr": np.float32(0.5)}) == {"lr": 0.5}


def test_the_name_in_the_cell_or_in_a_function_of_it_counts_and_no_other():
    namespace = {"params": {"lr": 1}, "config": {"lr": 2}, "train": eval("lambda: params"), "other": lambda: 3}
    assert from_namespace(namespace, "train(config)") == {"lr": 2}
    assert from_namespace(namespace, "other(config)") == {"lr": 2}
    assert from_namespace(namespace, "train()") == {"lr": 1}
    assert from_namespace(namespace, "other(configuration)") == {}  # what some earlier cell was set to
    assert from_namespace({}, "train()") == {}


CELLS = """
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
@dataclass
class Config:
    lr: float = 0.1
    seed: int = 0
def work(config, episodes=4):
    env = gym.make("CartPole-v1")
    env.reset(seed=config.seed)
    train(env, episodes)
def main(argv):
    args = SimpleNamespace(lr=argv[0], seed=argv[1])
    env = gym.make("CartPole-v1")
    env.reset(seed=args.seed)
    train(env, 4)
class Trainer:
    def __init__(self, config): self.config = config
    def run(self):
        env = gym.make("CartPole-v1")
        env.reset(seed=self.config.seed)
        train(env, 4)
"""


def test_settings_are_those_that_the_run_used(kernel):
    """Not what a global of that name was left at by an earlier cell."""
    kernel.run(CELLS)
    for cell, params, seed in [
        ("config = Config(lr=0.5, seed=5)\nwork(config)", {"lr": 0.5}, 5),
        ("work(Config(lr=0.25, seed=8))", {"lr": 0.25}, 8),
        ("main([0.01, 11])", {"lr": 0.01}, 11),
        ("Trainer(Config(lr=0.77, seed=3)).run()", {"lr": 0.77}, 3),
        ("trainer = Trainer(Config(lr=0.6, seed=4))\ntrainer.run()", {"lr": 0.6}, 4),
        ("env = gym.make('FrozenLake-v1')\nenv.reset(seed=77)\ntrain(env, 20)", {}, 77),
        ("Params = namedtuple('Params', 'lr seed')\nwork(Params(0.9, 2))", {"lr": 0.9}, 2),
        ("work(SimpleNamespace(lr=0.3, seed=6), 400)", {"lr": 0.3}, 6),
    ]:
        kernel.run(cell)
        assert kernel.value("rlnb.last().params") == params, cell
        assert kernel.value("rlnb.last().seed") == seed, cell


class Rude:
    def __getattr__(self, name):
        raise KeyError(name)


class Endless(dict):
    def items(self):
        raise RuntimeError("no")


def test_objects_that_answer_with_errors_are_no_settings():
    assert as_params({"lr": 0.1, "rude": Rude(), "endless": Endless(a=1)}) == {"lr": 0.1}
    assert as_params(Endless(a=1)) == {}
    assert as_params(Rude()) == {}
    assert on_the_stack(None) == {}
    config = Rude()  # noqa: F841
    self = Rude()  # noqa: F841
    assert on_the_stack(sys._getframe()) == {}

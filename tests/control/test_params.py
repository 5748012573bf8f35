"""Hyper-parameters are picked up without asking."""

import argparse
from dataclasses import dataclass

import numpy as np

from rlnb.control.recording.params import as_params, from_namespace


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


def test_the_name_in_the_cell_comes_first():
    namespace = {"params": {"lr": 1}, "config": {"lr": 2}}
    assert from_namespace(namespace, "train(config)") == {"lr": 2}
    assert from_namespace(namespace, "train()") == {"lr": 1}
    assert from_namespace({}, "train()") == {}

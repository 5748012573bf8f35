"""The fast paths give the numbers of the readable ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rlnb.agents.fast import Flat, forward, threads
from rlnb.agents.networks import ActorCritic, net, seeded
from rlnb.agents.optim import Adam, NesterovSGD, RMSprop
from rlnb.agents.spaces import Encoder
from tests.agents import probes

ENCODER = Encoder(probes.Both().observation_space)


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_numpy_gives_what_torch_gives_and_follows_the_parameters(activation: str) -> None:
    module = net(ENCODER, 3, (32, 16), activation)
    Flat(module)
    through = forward(module)
    rows = np.random.default_rng(0).standard_normal((7, 2)).astype(np.float32)
    rounding = 32 * float(np.finfo(np.float32).eps)  # of a sum of 32 numbers
    for _ in range(2):
        with torch.no_grad():
            assert through(rows) == pytest.approx(module(torch.from_numpy(rows)).numpy(), rel=rounding, abs=rounding)
            for parameter in module.parameters():
                parameter.add_(0.1)


def test_acting_changes_no_observation() -> None:
    rows = np.ones((1, 2), np.float32)
    forward(nn.Sequential(nn.ReLU(), nn.Linear(2, 2), nn.Tanh()))(-rows)
    assert (rows == 1).all()


def test_one_row_of_parameters_learns_as_many_do() -> None:
    with seeded(0):
        flat_net = ActorCritic(ENCODER, 2, (8,), "tanh", None)
    with seeded(0):
        plain = ActorCritic(ENCODER, 2, (8,), "tanh", None)
    flat = Flat(flat_net)
    ours, theirs = Adam(flat, eps=1e-5), torch.optim.Adam(plain.parameters(), lr=1e-2, eps=1e-5)
    obs = torch.randn(16, 2)
    for _ in range(20):
        out, value = flat_net(obs)
        flat.backward((out.square().mean() + (value - 1).square().mean()) * 10)
        flat.clip(0.5)
        ours.step(1e-2)
        out, value = plain(obs)
        theirs.zero_grad()
        ((out.square().mean() + (value - 1).square().mean()) * 10).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        theirs.step()
    for mine, its in zip(flat_net.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(mine, its, atol=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Adam, lambda p: torch.optim.Adam(p, lr=0.01)),
        (RMSprop, lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-5)),
        (NesterovSGD, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.95, nesterov=True)),
    ],
)
def test_optimizers_are_torchs(ours, theirs) -> None:
    with seeded(1):
        one, other = nn.Linear(4, 3), nn.Linear(4, 3)
    other.load_state_dict(one.state_dict())
    flat = Flat(one)
    mine, its = ours(flat), theirs(other.parameters())
    obs = torch.randn(5, 4)
    for _ in range(30):
        flat.backward(one(obs).square().mean())
        mine.step(0.01)
        its.zero_grad()
        other(obs).square().mean().backward()
        its.step()
    assert torch.allclose(one.weight, other.weight, atol=1e-6)


def test_targets_follow() -> None:
    first, second = Flat(nn.Linear(2, 2)), Flat(nn.Linear(2, 2))
    expected = 0.9 * first.data.detach() + 0.1 * second.data.detach()
    first.follow(second, 0.1)
    assert torch.allclose(first.data, expected)
    first.follow(second)
    assert torch.equal(first.data, second.data)


def test_threads_come_back_even_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), threads(1):
        assert torch.get_num_threads() == 1
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_nothing_global_is_seeded() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with seeded(0):
        torch.rand(10)
    assert torch.equal(torch.rand(1), expected)


def test_adam_at_once_is_adam_by_the_formula() -> None:
    one, other = (Flat(nn.Linear(40, 30)) for _ in range(2))
    other.follow(one)
    fast, plain = Adam(one), Adam(other)
    for k in range(50):
        gradient = torch.randn(one.grad.shape, generator=torch.Generator().manual_seed(k)) * 10.0 ** (k % 5 - 2)
        for adam, move in ((fast, fast.move_at_once), (plain, plain.move_by_formula)):
            adam.count += 1
            with torch.no_grad():
                move(gradient, 0.01)
    assert torch.allclose(one.data, other.data, rtol=1e-5, atol=1e-6)
    for mine, its in zip(fast.memory, plain.memory, strict=True):
        assert torch.allclose(mine, its, rtol=1e-5, atol=1e-6)


def test_tiny_numbers_vanish_only_while_a_step_is_computed() -> None:
    tiny = torch.tensor([2.0**-126])
    flat = Flat(nn.Linear(2, 2))
    adam = Adam(flat)
    adam.memory[0].fill_(1e-38)
    adam.step(0.01)
    assert (adam.memory[0] == 0).all()
    assert (tiny * 0.5 != 0).all()

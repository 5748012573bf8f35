"""Replay memories: what goes in comes out, the ring forgets the oldest, and surprise is drawn in proportion."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from rlnb import agents
from rlnb.agents.frames import FrameStore, fitting
from rlnb.agents.memory import NStep, PrioritizedMemory, RecentMemory, ReplayMemory, memory_of
from rlnb.agents.spaces import Encoder

LAYOUT: tuple[Any, ...] = ((1,), np.float32, (), np.int64)


def fill(memory: ReplayMemory, numbers: list[float]) -> None:
    for x in numbers:
        memory.add(np.array([[x]]), np.array([int(x)]), np.array([x]), np.array([[x + 1]]), np.array([0.9]))


def test_a_transition_stays_together_and_the_oldest_is_forgotten() -> None:
    memory = ReplayMemory(4, *LAYOUT)
    fill(memory, [0, 1, 2, 3, 4, 5])
    batch = memory.sample(200, np.random.default_rng(0))
    assert set(batch.rewards.tolist()) == {2.0, 3.0, 4.0, 5.0}
    assert (batch.obs[:, 0] == batch.rewards).all()
    assert (batch.actions == batch.rewards).all()
    assert (batch.next_obs[:, 0] == batch.rewards + 1).all()
    assert (batch.weights == 1).all()


def test_several_lanes_at_once_run_over_the_end_of_the_ring() -> None:
    memory = ReplayMemory(4, *LAYOUT)
    for start in (0, 3):
        numbers = np.arange(start, start + 3)
        memory.add(numbers[:, None], numbers, numbers, numbers[:, None], np.ones(3))
    assert sorted(memory.columns[2].tolist()) == [2, 3, 4, 5]


def test_recent_draws_only_from_the_window() -> None:
    memory = RecentMemory(2, 4, *LAYOUT)
    fill(memory, [0, 1, 2, 3, 4, 5])
    assert set(memory.sample(100, np.random.default_rng(0)).rewards.tolist()) == {4.0, 5.0}


def test_priorities_are_drawn_in_proportion_and_weighted_back() -> None:
    memory = PrioritizedMemory(1.0, 4, *LAYOUT)
    fill(memory, [0, 1, 2, 3])
    memory.surprise(np.arange(4), np.array([1.0, 2.0, 3.0, 4.0]))
    assert memory.tree[1] == pytest.approx(10.0, rel=1e-5)
    memory.beta = 1.0
    batch = memory.sample(10_000, np.random.default_rng(0))
    share = np.bincount(batch.rows, minlength=4) / 10_000
    assert share == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.01)
    # w = (N P)^−1 / max w: 1/P = 10, 5, 10/3, 2.5; over the largest 1, ½, ⅓, ¼
    assert {round(float(w), 3) for w in batch.weights} == {1.0, 0.5, 0.333, 0.25}


def test_a_new_transition_gets_the_largest_priority() -> None:
    memory = PrioritizedMemory(1.0, 4, *LAYOUT)
    fill(memory, [0])
    memory.surprise(np.array([0]), np.array([7.0]))
    fill(memory, [1])
    assert memory.tree[memory.leaves + 1] == pytest.approx(7.0, rel=1e-5)


def test_a_memory_survives_being_saved() -> None:
    memory = PrioritizedMemory(0.6, 4, *LAYOUT)
    fill(memory, [0, 1, 2, 3, 4])
    memory.surprise(np.array([1, 2]), np.array([3.0, 0.5]))
    again = PrioritizedMemory(0.6, 4, *LAYOUT)
    again.restore(memory.state())
    ours, theirs = (m.sample(64, np.random.default_rng(1)) for m in (memory, again))
    assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def push(n_step: NStep, x: float, terminated: bool = False, truncated: bool = False, valid: bool = True) -> Any:
    one = lambda value: np.array([value])  # noqa: E731
    return n_step.push(
        np.array([[x]]), one(0), one(1.0), np.array([[x + 1]]), one(terminated), one(truncated), one(valid)
    )


def test_n_steps_are_summed_and_the_rest_comes_at_the_end() -> None:
    n_step = NStep(3, 0.5, 1)
    assert push(n_step, 0) is None
    assert push(n_step, 1) is None
    obs, _, rewards, successor, discounts = push(n_step, 2)
    # 1 + ½ + ¼, three steps on, worth γ³
    assert (obs[0, 0], rewards[0], successor[0, 0], discounts[0]) == (0.0, 1.75, 3.0, 0.125)
    obs, _, rewards, successor, discounts = push(n_step, 3, terminated=True)
    assert obs[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert rewards.tolist() == [1.75, 1.5, 1.0]
    assert discounts.tolist() == [0.0, 0.0, 0.0]
    assert push(n_step, 4) is None  # nothing of the old episode is left


def test_a_time_limit_keeps_its_discount() -> None:
    n_step = NStep(3, 0.5, 1)
    push(n_step, 0)
    _, _, rewards, successor, discounts = push(n_step, 1, truncated=True)
    assert rewards.tolist() == [1.5, 1.0]
    assert discounts.tolist() == [0.25, 0.5]
    assert (successor == 2.0).all()


@pytest.mark.parametrize("n", [1, 3])
def test_a_phantom_step_is_not_learned_from(n: int) -> None:
    n_step = NStep(n, 0.5, 1)
    assert push(n_step, 0, valid=False) is None
    assert n_step.waiting == [[]]


def test_pictures_are_stored_once_and_stacked_again() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (10, 6, 5), dtype=np.uint8)
    store = FrameStore(16, (4, 6, 5), torch.device("cpu"))
    stacks = [pictures[i : i + 4] for i in range(7)]
    places = [store.put(stack[None]) for stack in stacks]
    assert store.written == 10
    for stack, place in zip(stacks, places, strict=True):
        assert (store.get(place)[0].numpy() == stack).all()
        assert store.alive(place).all()


def test_overwritten_pictures_are_known_to_be_gone() -> None:
    store = FrameStore(4, (1, 2, 2), torch.device("cpu"))
    first = store.put(np.zeros((1, 1, 2, 2), np.uint8))
    for i in range(store.size):
        store.put(np.array((*np.divmod(i, 256), 1, 1), np.uint8).reshape(1, 1, 2, 2))
    assert not store.alive(first).any()


def test_a_memory_of_frames_gives_back_what_went_in() -> None:
    rng = np.random.default_rng(0)
    film = rng.integers(0, 256, (40, 3, 3), dtype=np.uint8)
    memory = ReplayMemory(16, (2, 3, 3), np.uint8, (), np.int64, FrameStore(16, (2, 3, 3), torch.device("cpu")))
    for t in range(30):
        memory.add(film[t : t + 2][None], np.array([t]), np.array([t]), film[t + 1 : t + 3][None], np.array([0.9]))
    batch = memory.sample(50, rng)
    for obs, t, after in zip(batch.obs, batch.actions, batch.next_obs, strict=True):
        assert (obs.numpy() == film[t : t + 2]).all()
        assert (after.numpy() == film[t + 1 : t + 3]).all()


def test_pictures_that_do_not_fit_on_the_accelerator_stay_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A T4 with 16 GB of which 15 are free."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (15 * 10**9, 16 * 10**9))
    card = torch.device("cuda")
    assert fitting(card, 1_000_000 * 84 * 84) == card
    assert fitting(card, 2_000_000 * 84 * 84) == torch.device("cpu")
    assert fitting(torch.device("cpu"), 10**15) == torch.device("cpu")


def alive_after(lanes: int, n_steps: int, colours: bool = False) -> float:
    """The share of transitions whose pictures are all there, in a memory that is full."""
    settings = agents.DQN.Settings(buffer_size=9000, n_envs=lanes, n_steps=n_steps)
    space = gym.spaces.Box(0, 255, (6, 4, 3) if colours else (4, 2, 4), np.uint8)
    memory = memory_of(settings, Encoder(space), torch.device("cpu"))
    assert memory.store is not None
    rng, nstep = np.random.default_rng(0), NStep(n_steps, 0.9, lanes)
    off, on = np.zeros(lanes, bool), np.ones(lanes, bool)
    obs = rng.integers(0, 256, (lanes, *Encoder(space).shape), dtype=np.uint8)
    for _ in range(12_000 // lanes + n_steps):
        new = rng.integers(0, 256, obs.shape, dtype=np.uint8)
        after = new if colours else np.concatenate([obs[:, 1:], new[:, :1]], 1)
        ready = nstep.push(obs, np.zeros(lanes, int), np.zeros(lanes), after, off, off, on)
        if ready is not None:
            memory.add(*ready)
        obs = after
    assert memory.count == memory.size
    batch = memory.sample(16, rng)
    assert tuple(batch.obs.shape) == (16, *Encoder(space).shape)
    return float((memory.store.alive(memory.columns[0]) & memory.store.alive(memory.columns[3])).mean())


@pytest.mark.parametrize(("lanes", "n_steps"), [(1, 1), (256, 5), (1024, 1)])
def test_no_picture_is_lost_with_many_lanes(lanes: int, n_steps: int) -> None:
    assert alive_after(lanes, n_steps) == 1.0


def test_no_coloured_picture_is_lost() -> None:
    assert alive_after(1, 1, colours=True) == 1.0


def test_what_followed_is_never_another_picture() -> None:
    """A screen that comes again and again may have been stored long before the observation that it follows."""
    rng, n = np.random.default_rng(0), 6000
    memory = ReplayMemory(n, (2, 2, 2), np.uint8, (), np.int64, FrameStore(n, (2, 2, 2), torch.device("cpu")))
    screens, truth = rng.integers(0, 256, (300, 2, 2), dtype=np.uint8), []
    for episode in range(12_000):
        pictures = [rng.integers(0, 256, (2, 2), dtype=np.uint8)] * 2
        for new in (screens[episode % 300], rng.integers(0, 256, (2, 2), dtype=np.uint8)):
            obs, after = np.stack(pictures[-2:]), np.stack([pictures[-1], new])
            memory.add(obs[None], np.array([len(truth)]), np.zeros(1), after[None], np.array([0.9]))
            truth.append(after)
            pictures.append(new)
    for _ in range(40):
        batch = memory.sample(500, rng)
        assert all((after.numpy() == truth[i]).all() for i, after in zip(batch.actions, batch.next_obs, strict=True))

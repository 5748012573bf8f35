"""What is recorded on a card gives the numbers of the readable update. The recording is `tape.py`'s, so that it can be
tested anywhere; `test_on_a_card` does the same with real graphs where there is a card."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlnb import agents
from rlnb.agents import captured
from rlnb.agents.captured import Captured
from rlnb.agents.guard import Guard
from rlnb.agents.networks import choose_device
from tests.agents.tape import record

CPU = torch.device("cpu")


class Film(gym.Env[Any, Any]):
    """Moving noise; the reward tells whether the action was the brightness of a corner."""

    observation_space = gym.spaces.Box(0, 255, (2, 36, 36), np.uint8)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.t, self.pictures = 0, self.np_random.integers(0, 256, (14, 36, 36), dtype=np.uint8)
        return self.pictures[:2], {}

    def step(self, action: Any) -> Any:
        reward = float(action == self.pictures[self.t, 0, 0] // 128)
        self.t += 1
        return self.pictures[self.t : self.t + 2], reward, self.t == 9, self.t == 12, {}


CASES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "dqn": ("DQN", "CartPole-v1", {"double": True, "learning_rate": agents.Linear(1e-2)}),
    "dqn, surprise": (
        "DQN",
        "CartPole-v1",
        {"memory": "prioritized", "n_steps": 3, "duelling": True, "optimizer": "nesterov", "max_grad_norm": None,
         "max_grad_value": 0.1},
    ),
    "dqn, frames": ("DQN", Film, {"network": (16,), "max_grad_norm": 0.1, "tau": 0.5}),
    "ppo": ("PPO", "CartPole-v1", {"n_steps": 25, "clip_range": agents.Linear(0.3), "ent_coef": 0.01}),
    "ppo, one part": ("PPO", "CartPole-v1", {"n_steps": 8, "batch_size": 64}),
    "ppo, frames": ("PPO", Film, {"n_steps": 10, "network": (16,), "recompute_advantages": True}),
    "ppo, continuous": ("PPO", "Pendulum-v1", {"n_steps": 25, "clip_range_vf": 0.2, "normalize_rewards": True}),
    "ddpg": ("DDPG", "Pendulum-v1", {}),
    "td3": ("TD3", "Pendulum-v1", {}),
    "sac": ("SAC", "Pendulum-v1", {}),
    "sac, fixed": ("SAC", "Pendulum-v1", {"temperature": 0.2, "train_freq": 2, "gradient_steps": 3}),
}  # fmt: skip


def make(case: str, device: str = "cpu") -> Any:
    name, env, more = CASES[case]
    small = {"n_envs": 2, "batch_size": 16, "n_epochs": 2} if name == "PPO" else {
        "batch_size": 16, "learning_starts": 20, "buffer_size": 500, "train_freq": 1,
    }  # fmt: skip
    return getattr(agents, name)(env, seed=0, **{"network": (16,), "device": device, **small, **more})


def flats(agent: Any) -> dict[str, Any]:
    return {name: part for name, part in vars(agent).items() if isinstance(part, agents.fast.Flat)}


def as_on_a_card(agent: Any) -> Any:
    """The agent as it would be on a card, but for the graphs."""
    agent.by_hand, agent.overlaps = None, True
    agent.descended.record = record
    agent.guard = Guard(CPU, *agent.guard.names)
    agent.guard.kept = torch.zeros(len(agent.guard.names))
    for flat in flats(agent).values():
        flat.near = False
    return agent


def same(one: Any, other: Any, tolerance: float) -> None:
    for name, flat in flats(one).items():
        assert torch.allclose(flat.data, flats(other)[name].data, atol=tolerance), name
    for name, optimizer in vars(one).items():
        if isinstance(optimizer, agents.optim.Optimizer):
            steps = optimizer.state_dict()["steps"]
            assert steps == vars(other)[name].state_dict()["steps"]
            assert steps > 10 or getattr(one.config, "temperature", None) == 0.2  # which nobody optimizes


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_update_is_the_readable_one(case: str) -> None:
    plain, recorded = make(case), as_on_a_card(make(case))
    plain.by_hand, plain.overlaps = None, True
    before = {name: flat.data.detach().clone() for name, flat in flats(plain).items()}
    for agent in (plain, recorded):
        for steps in (40, 30) if "frames" in case else (100, 60):  # rounding grows with the layers and with time
            agent.learn(steps, progress=False)
    assert all(recording.replay is not None for recording in recorded.descended._known.values())
    same(plain, recorded, 1e-4)
    assert any(not torch.allclose(flat.data, before[name], atol=1e-3) for name, flat in flats(plain).items())


def test_the_rest_of_a_rollout_is_not_recorded() -> None:
    agent = as_on_a_card(make("ppo")).learn(300, progress=False)  # of 50 rows a rollout: 16, 16, 16 and 2
    assert [key[0][0] for key in agent.descended._known] == [(16,)]


@pytest.mark.parametrize("case", ["dqn", "ppo", "td3", "sac"])
def test_nan_stops_there_too_and_spoils_nothing(case: str) -> None:
    agent = as_on_a_card(make(case))
    agent.learn(60, progress=False)
    before = {name: flat.data.detach().clone() for name, flat in flats(agent).items() if "target" not in name}
    if case == "ppo":
        prepare = agent.prepare
        agent.prepare = lambda: (batch := prepare())._replace(advantages=batch.advantages * np.nan)
    else:
        agent.memory.columns[2][:] = np.nan
    with pytest.raises(FloatingPointError, match=r"loss is nan at step .*learning rate"):
        agent.learn(400, progress=False)
    for name, then in before.items():
        now = flats(agent)[name].data
        assert torch.isfinite(now).all()
        if case == "ppo":  # the first batch after it was all NaN
            assert torch.equal(now, then)


def test_arrays_and_numbers_become_tensors_and_what_is_python_is_not_repeated() -> None:
    seen: list[Any] = []

    def function(x: Tensor, n: Tensor | float, flag: bool = False) -> tuple[Tensor]:
        seen.append((n, flag))
        return (x * n + (1 if flag else 0),)

    plain, recorded = Captured(function, CPU), Captured(function, CPU)
    recorded.record = record
    for k in range(8):
        rows = np.arange(6, dtype=np.float64).reshape(2, 3) + k
        for how in ({}, {"flag": True}):
            expected, got = plain(rows, float(k), **how)[0], recorded(rows, float(k), **how)[0]
            assert torch.allclose(expected, got) and expected.dtype == got.dtype
    assert len(seen) == 16 + 2 * (captured.WARM + 1)
    assert len(recorded._known) == 2


def test_batches_of_any_size_are_taken_but_not_all_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    double = Captured(lambda x: (2 * x,), CPU)
    double.record = record
    for n in range(1, 30):
        assert double.numpy(np.ones((n, 2), np.float32)).tolist() == [[2.0, 2.0]] * n
    assert len(double._known) == captured.MOST
    monkeypatch.setattr(captured, "MOST_BYTES", 100)
    large = Captured(lambda x: (2 * x,), CPU)
    large.record = record
    assert large.numpy(np.ones(1000))[-1] == 2.0
    assert not large._known


class Own(nn.Module):
    """A network of a person's own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x) if float(x.sum()) > -1e9 else x
        return out


def test_a_network_of_ones_own_is_not_recorded() -> None:
    card = torch.device("cuda")
    assert Captured(lambda x: (x,), card, nn.Linear(1, 1)).record is not None
    assert Captured(lambda x: (x,), card, Own()).record is None
    assert Captured(lambda x: (x,), CPU, nn.Linear(1, 1)).record is None


def test_a_card_is_chosen_where_an_update_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    small, middle = nn.Linear(64, 64), nn.Linear(256, 512)
    for card, batch, expected in ((True, 256, "cuda"), (True, 64, "cpu"), (False, 256, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda card=card: card)
        device, reason = choose_device("auto", middle, False, batch)
        assert device.type == expected
        assert "131,584 parameters" in reason or not card
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", small, False, 256)[0].type == "cpu"
    assert choose_device("auto", small, True)[0].type == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA card here")
@pytest.mark.parametrize("case", CASES)
def test_on_a_card(case: str) -> None:
    plain, recorded = make(case, "cuda"), make(case, "cuda")
    plain.descended.record = None
    for agent in (plain, recorded):
        for steps in (40, 30) if "frames" in case else (100, 60):  # rounding grows with the layers and with time
            agent.learn(steps, progress=False)
    assert all(recording.replay is not None for recording in recorded.descended._known.values())
    same(plain, recorded, 1e-3)  # the card's convolutions and sums are not the same each time
    obs = np.stack([recorded.lanes.obs[0]] * 2)
    assert np.allclose(plain.think(obs), recorded.think(obs), atol=1e-2)

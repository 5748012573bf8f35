"""Five probe environments, each with one possible mistake in view, solved by every agent in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlnb import agents
from tests.agents import probes

TABULAR = ["QLearning", "Sarsa", "ExpectedSarsa"]
ON_POLICY: dict[str, dict[str, Any]] = {
    "Reinforce": {"batch_episodes": 16, "learning_rate": 1e-2, "gamma": 0.5},
    "A2C": {"n_envs": 4, "learning_rate": 3e-3, "gamma": 0.5, "ent_coef": 0.02},
    "PPO": {"n_envs": 4, "n_steps": 16, "batch_size": 64, "n_epochs": 4, "learning_rate": 1e-2, "gamma": 0.5},
}
DQN: dict[str, Any] = {
    "learning_rate": 1e-2, "learning_starts": 64, "batch_size": 32, "target_update_interval": 20, "train_freq": 1,
    "gamma": 0.5,
    "exploration_final_eps": 0.2, "network": (16,),
}  # fmt: skip
CONTINUOUS: dict[str, Any] = {
    "learning_rate": 1e-2, "network": (16,), "batch_size": 32, "learning_starts": 64, "tau": 0.1, "gamma": 0.5,
    "buffer_size": 1000,
}  # fmt: skip
# A reward that jumps at 0 gives the slope of Q to climb only with enough units, small steps and actions from all over.
DETERMINISTIC = CONTINUOUS | {"action_noise": 1.0, "learning_rate": 2e-3, "network": (64,)}
CASES: list[tuple[str, dict[str, Any], bool, int]] = [
    *((name, {"gamma": 0.5, "learning_rate": 0.2}, False, 600) for name in TABULAR),
    *((name, settings, False, 1500) for name, settings in ON_POLICY.items()),
    *((name, settings, True, 1500) for name, settings in ON_POLICY.items()),
    ("DQN", DQN, False, 500),
    ("DQN", {**DQN, "n_steps": 2, "double": True, "duelling": True, "memory": "prioritized"}, False, 500),
    ("DDPG", DETERMINISTIC, True, 1200),
    ("TD3", DETERMINISTIC, True, 1200),
    ("SAC", CONTINUOUS | {"temperature": 0.01}, True, 500),
]
#: what V of each state must be, with γ = 0.5
VALUES = {probes.Constant: [1.0], probes.ObservationDependent: [-1.0, 1.0], probes.TwoStep: [0.5, 1.0]}


def _name(case: Any) -> str | None:
    return case.__name__ if isinstance(case, type) else str(case) if isinstance(case, str) else None


@pytest.mark.parametrize("probe", probes.PROBES, ids=_name)
@pytest.mark.parametrize(
    ("name", "settings", "continuous", "steps"),
    CASES,
    ids=lambda case: str(case) if isinstance(case, str | bool) else "",
)
def test_an_agent_solves_the_probe(
    probe: Any, name: str, settings: dict[str, Any], continuous: bool, steps: int
) -> None:
    box = name not in TABULAR
    agent = getattr(agents, name)(lambda: probe(continuous, box), seed=0, **settings).learn(steps, progress=False)
    if probe in VALUES:
        for state, value in enumerate(VALUES[probe]):
            obs = np.eye(probe.n_obs, dtype=np.float32)[state] if box else state
            told = agent.explain(obs)
            found = float(np.max(told["value"] if "value" in told else told["q"]))
            assert found == pytest.approx(value, abs=0.25), f"V of state {state}"
    else:
        assert agent.evaluate(20, seed=0).mean() == 1.0


@pytest.mark.parametrize(
    ("name", "settings"),
    [("A2C", ON_POLICY["A2C"]), ("PPO", ON_POLICY["PPO"]), ("Reinforce", ON_POLICY["Reinforce"]), ("DQN", DQN)],
)
def test_a_time_limit_is_not_the_end_of_the_task(name: str, settings: dict[str, Any]) -> None:
    agent = getattr(agents, name)(probes.Cut, seed=0, **settings).learn(2000, progress=False)
    told = agent.explain(np.ones(1, np.float32))
    assert float(np.max(told["value"] if "value" in told else told["q"])) == pytest.approx(
        2.0, abs=0.3
    )  # 1 / (1 − 0.5)


@pytest.mark.parametrize("name", ["DDPG", "TD3", "SAC"])
def test_a_time_limit_is_not_the_end_for_continuous_agents(name: str) -> None:
    settings = CONTINUOUS | ({"temperature": 0.01} if name == "SAC" else {})
    agent = getattr(agents, name)(lambda: probes.Cut(True), seed=0, **settings).learn(800, progress=False)
    assert float(agent.explain(np.ones(1, np.float32))["value"][0]) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("name", TABULAR)
def test_a_time_limit_is_not_the_end_for_a_table(name: str) -> None:
    agent = getattr(agents, name)(lambda: probes.Cut(box=False), seed=0, gamma=0.5, learning_rate=0.2).learn(
        600, progress=False
    )
    assert agent.table.max() == pytest.approx(2.0, abs=0.1)


def test_behaviour_is_cloned() -> None:
    env = probes.Both()
    seen, done = [], []
    for episode in range(40):
        obs, _ = env.reset(seed=episode)
        seen.append(obs)
        done.append(int(obs.argmax()))
    agent = agents.BehaviorCloning(probes.Both, data=(seen, done), seed=0).learn(200, progress=False)
    assert agent.evaluate(20, seed=0).mean() == 1.0

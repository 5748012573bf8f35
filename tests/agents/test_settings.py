"""Every setting is explained where it stands, and says where it usually lies."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

from rlnb import agents
from rlnb.agents import config

ALGORITHMS = [
    "QLearning", "Sarsa", "ExpectedSarsa", "Reinforce", "A2C", "PPO", "DQN", "DDPG", "TD3", "SAC", "BehaviorCloning",
]  # fmt: skip


def explained(settings: type[Any]) -> dict[str, str]:
    """Each field of a settings class and its parents, with the text below it."""
    texts: dict[str, str] = {}
    for part in reversed(settings.__mro__):
        if not issubclass(part, config.Config):
            continue
        body = ast.parse(inspect.cleandoc(inspect.getsource(part))).body[0].body  # type: ignore[attr-defined]
        for line, below in zip(body, [*body[1:], None], strict=True):
            if isinstance(line, ast.AnnAssign):
                text = below.value.value if isinstance(below, ast.Expr) else ""  # type: ignore[attr-defined]
                name = line.target.id  # type: ignore[union-attr]
                texts[name] = text or texts.get(name, "")
    return texts


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_setting_is_explained(name: str) -> None:
    settings = getattr(agents, name).Settings
    texts = explained(settings)
    assert set(texts) == set(vars(settings()))
    for field, text in texts.items():
        assert len(text) > 30, f"{name}.{field} is not explained"
        if isinstance(getattr(settings(), field), int | float) and not isinstance(getattr(settings(), field), bool):
            assert "typically" in text.lower(), f"{name}.{field} does not say where it lies"


def test_values_that_make_no_sense_are_refused() -> None:
    for wrong in (0.0, -1.0, "often"):
        with pytest.raises(ValueError, match=r"temperature=.* 'auto' or a number above 0"):
            agents.SAC("Pendulum-v1", temperature=wrong)
    with pytest.raises(ValueError, match=r"clip_range=-0\.1"):
        agents.PPO("CartPole-v1", clip_range=-0.1)
    with pytest.raises(ValueError, match="batch_size=0"):
        agents.DQN("CartPole-v1", batch_size=0)
    with pytest.raises(ValueError, match="memory='priority'"):
        agents.DQN("CartPole-v1", memory="priority")
    with pytest.raises(ValueError, match="explorer='eps'"):
        agents.DQN("CartPole-v1", explorer="eps")
    with pytest.raises(ValueError, match=r"exploration_initial_eps=1\.5 .*softmax"):
        agents.DQN("CartPole-v1", exploration_initial_eps=1.5)
    with pytest.raises(ValueError, match="optimizer='adm'"):
        agents.DQN("CartPole-v1", optimizer="adm")


def test_a_temperature_may_be_above_one_and_the_first_steps_are_random_at_any() -> None:
    agent = agents.DQN(
        "CartPole-v1", seed=0, explorer="softmax", exploration_initial_eps=5.0, exploration_final_eps=1e-3,
        exploration_fraction=1e-6, learning_starts=400, buffer_size=400,
    )  # fmt: skip
    agent.learn(400, progress=False)
    taken = agent.memory.columns[1]
    assert 150 < taken.sum() < 250  # at the temperature alone one action would be all that is taken in a state
    assert agent.now_epsilon() == 1e-3

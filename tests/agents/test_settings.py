"""Every setting is explained where it stands, and says where it usually lies."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from rlnb import agents
from rlnb.agents import config

ALGORITHMS = [
    "QLearning", "Sarsa", "ExpectedSarsa", "Reinforce", "A2C", "PPO", "DQN", "DDPG", "TD3", "SAC", "BehaviorCloning",
]  # fmt: skip


COMPARED = re.compile(r"\b(higher|lower|more|less|fewer|larger|smaller|wider|longer|above)\b", re.IGNORECASE)


def own(settings: type[Any]) -> dict[str, str]:
    """Each field in the body of a settings class, with the text below it."""
    texts: dict[str, str] = {}
    body = ast.parse(inspect.cleandoc(inspect.getsource(settings))).body[0].body  # type: ignore[attr-defined]
    for line, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign):
            texts[line.target.id] = below.value.value if isinstance(below, ast.Expr) else ""  # type: ignore
    return texts


def explained(settings: type[Any]) -> dict[str, str]:
    """Each field of a settings class and its parents, with the text below it."""
    texts: dict[str, str] = {}
    for part in reversed(settings.__mro__):
        if issubclass(part, config.Config):
            texts.update({name: text or texts.get(name, "") for name, text in own(part).items()})
    return texts


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_setting_is_explained(name: str) -> None:
    settings = getattr(agents, name).Settings
    texts = explained(settings)
    assert set(texts) == set(vars(settings()))
    kinds = {field.name: str(field.type) for field in fields(settings)}
    for field, text in texts.items():
        assert len(text) > 30, f"{name}.{field} is not explained"
        if kinds[field].removesuffix(" | None") in ("int", "float", "Number", "float | str"):
            assert "typically" in text.lower(), f"{name}.{field} does not say where it lies"
            assert COMPARED.search(text), f"{name}.{field} does not say what higher or lower does"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_a_class_sets_anew_it_explains_anew(name: str) -> None:
    for part in getattr(agents, name).Settings.__mro__:
        if issubclass(part, config.Config):
            assert all(text for text in own(part).values()), part


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


@pytest.mark.parametrize(
    ("name", "setting", "value", "words"),
    [
        ("PPO", "n_envs", 2.5, "a whole number, at least 1"),
        ("PPO", "n_envs", True, "a whole number, at least 1"),
        ("PPO", "n_steps", float("inf"), "a whole number, at least 1"),
        ("DQN", "buffer_size", "1e4", "a whole number, at least 1"),
        ("DQN", "gradient_steps", None, "a whole number, at least -1"),
        ("PPO", "gamma", "0.9", "a number between 0 and 1"),
        ("PPO", "gamma", agents.Linear(0.9), "a number between 0 and 1"),
        ("PPO", "log_std_init", "wide", r"a number\."),
        ("PPO", "log_std_init", float("nan"), r"a number\."),
        ("A2C", "learning_rate", "linear", r"a number, at least 0, or a schedule, as Linear\(1e-3\)"),
        ("A2C", "learning_rate", agents.Linear(-1.0), "a number, at least 0, or a schedule"),
        ("QLearning", "learning_rate", 5.0, "a number between 0 and 1, or a schedule"),
        ("QLearning", "learning_rate", agents.Linear(0.1, 2.0), "a number between 0 and 1, or a schedule"),
        ("PPO", "normalize_rewards", "no", "True or False"),
    ],
)
def test_what_is_no_number_of_the_kind_is_refused(name: str, setting: str, value: Any, words: str) -> None:
    where = re.escape(f"{name}: {setting}={value!r} makes no sense, it must be ")
    with pytest.raises(ValueError, match=where + words):
        getattr(agents, name)("FrozenLake-v1", **{setting: value})


def test_whole_numbers_may_be_written_as_1e4() -> None:
    agent = agents.DQN("CartPole-v1", buffer_size=1e4, gamma=1, network=(np.int64(8), 8.0), max_grad_norm=None)
    assert [*vars(agent.config).values()][:2] == [1.0, (8, 8)]
    assert repr(agent.config.buffer_size) == "10000"
    with pytest.raises(ValueError, match=r"target_kl='x' makes no sense, it must be a number, at least 0\."):
        agents.PPO("CartPole-v1", target_kl="x")


@pytest.mark.parametrize("network", [64, "64", (64, 0), (64, 0.5), nn.Linear, None])
def test_a_network_is_widths_or_a_module(network: Any) -> None:
    for name, where in (("PPO", "CartPole-v1"), ("SAC", "Pendulum-v1")):
        with pytest.raises(TypeError, match=rf"{name}: network={re.escape(repr(network))}. It takes the widths"):
            getattr(agents, name)(where, network=network)
    with pytest.raises(TypeError, match=r"SAC takes the widths .* and no nn\.Module"):
        agents.SAC("Pendulum-v1", network=nn.Linear(3, 4))


def test_a_device_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"device=.*it is 'auto', 'cpu', 'cuda' or 'mps'"):
        agents.PPO("CartPole-v1", device="gpu")
    with pytest.raises(TypeError, match="device=1: it is a word, as 'auto'"):
        agents.PPO("CartPole-v1", device=1)
    assert agents.PPO("CartPole-v1", device=torch.device("cpu")).config.device == "cpu"


class Pictures(gym.Env[Any, Any]):
    def __init__(self, side: int) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (3, side, side), np.uint8)
        self.action_space = gym.spaces.Discrete(2)


def test_pictures_have_to_be_large_enough_and_need_no_layers_after_them() -> None:
    with pytest.raises(ValueError, match=r"Pictures of 35 × 35 are too small .* 36 × 36.*FlattenObservation"):
        agents.PPO(lambda: Pictures(35))
    agent = agents.PPO(lambda: Pictures(36), network=(), n_envs=1, seed=0)
    assert agent.think(np.zeros((1, 3, 36, 36), np.uint8)).shape == (1, 2)


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm1d(4), nn.AlphaDropout(0.1)])
def test_layers_that_depend_on_chance_or_on_the_batch_are_refused(layer: nn.Module) -> None:
    network = nn.Sequential(nn.Linear(4, 4), layer)
    for name in ("PPO", "DQN", "BehaviorCloning"):
        with pytest.raises(ValueError, match=rf"network= has a {type(layer).__name__} \(1\).*LayerNorm"):
            getattr(agents, name)("CartPole-v1", network=network)
    agents.PPO("CartPole-v1", network=nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.0), nn.LayerNorm(4)))


def test_a_temperature_may_be_above_one_and_the_first_steps_are_random_at_any() -> None:
    agent = agents.DQN(
        "CartPole-v1", seed=0, explorer="softmax", exploration_initial_eps=5.0, exploration_final_eps=1e-3,
        exploration_fraction=1e-6, learning_starts=400, buffer_size=400,
    )  # fmt: skip
    agent.learn(400, progress=False)
    taken = agent.memory.columns[1]
    assert 150 < taken.sum() < 250  # at the temperature alone one action would be all that is taken in a state
    assert agent.now_epsilon() == 1e-3


def test_names_from_elsewhere_are_understood() -> None:
    for name, setting, own in (
        ("PPO", "lr", "learning_rate"), ("QLearning", "alpha", "learning_rate"), ("SAC", "ent_coef", "temperature"),
        ("QLearning", "epsilon", "exploration"), ("DQN", "epsilon", "exploration_initial_eps"),
        ("DQN", "dueling", "duelling"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=rf"{name} has no setting '{setting}'. Did you mean '{own}'"):
            getattr(agents, name)("CartPole-v1", **{setting: 0.1})


def test_a_learning_rate_is_finite_and_a_bound_may_be_none() -> None:
    with pytest.raises(ValueError, match="learning_rate=inf makes no sense"):
        agents.PPO("CartPole-v1", learning_rate=float("inf"))
    assert agents.PPO("CartPole-v1", max_grad_norm=float("inf")).config.max_grad_norm == float("inf")


def test_what_learn_evaluate_and_seed_take() -> None:
    agent = agents.PPO("CartPole-v1", n_envs=1, n_steps=8)
    for wrong in ("1000", 10.5, float("nan"), 0, True):
        with pytest.raises(
            ValueError, match=re.escape(f"learn(steps={wrong!r}, episodes=None): give one whole number")
        ):
            agent.learn(wrong)
    with pytest.raises(ValueError, match="evaluate_every=-5"):
        agent.learn(10, evaluate_every=-5)
    for wrong in ("5", 0, 1.5):
        with pytest.raises(ValueError, match=re.escape(f"episodes={wrong!r}: it is a whole number")):
            agent.evaluate(wrong)
    for wrong in (-1, 1.5, "1"):
        with pytest.raises(ValueError, match=re.escape(f"seed={wrong!r}: it is a whole number")):
            agents.PPO("CartPole-v1", seed=wrong)
    with pytest.raises(ValueError, match="PPO has no setting 'learning_rte'"):
        agent.knob("learning_rte")
    assert agent.learn(1e1, progress=False).steps == 16  # whole rollouts
    with pytest.raises(ValueError, match="BehaviorCloning plays no episodes"):
        agents.BehaviorCloning("CartPole-v1", data=(np.zeros((2, 4)), [0, 1])).learn(episodes=3)


class Doubles(nn.Linear):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input).double()


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Linear(5, 6), r"cannot take one observation as it comes, torch.float32 of the shape \(1, 4\)"),
        (nn.LSTM(4, 6), r"gives tuple for one observation"),
        (Doubles(4, 6), r"gives torch.float64 of the shape \(1, 6\)"),
        (
            nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (2, 3))),
            r"gives torch.float32 of the shape \(1, 2, 3\) .* must give float32 of the shape \(1, features\)",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_told_what_comes(module: nn.Module, words: str) -> None:
    with pytest.raises(ValueError, match=rf"network= {words}"):
        agents.PPO("CartPole-v1", network=module)


def test_observations_that_are_none_are_named() -> None:
    agent = agents.PPO("CartPole-v1", n_envs=1, n_steps=8)
    with pytest.raises(ValueError, match=r"of the shape \(3,\) is no observation of Box"):
        agent.act(np.zeros(3))
    with pytest.raises(ValueError, match=r"obs, info = env.reset\(\)"):
        agent.act(gym.make("CartPole-v1").reset())


def test_a_seed_leaves_those_of_a_card_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("the card's random numbers are yours"))
    agents.PPO("CartPole-v1", seed=7)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_help_and_shift_tab_show_every_setting(name: str) -> None:
    kind = getattr(agents, name)
    assert inspect.signature(kind).parameters.keys() >= {"env", "seed", *(f.name for f in fields(kind.Settings))}
    doc = inspect.getdoc(kind) or ""
    for field in fields(kind.Settings):
        at = doc.index(f"\n{field.name} = {field.default!r}\n    ")
        assert doc[at + 1 :].splitlines()[1].strip()  # and what it does


@pytest.mark.parametrize("name", ["DQN", "SAC"])
def test_who_only_filled_its_memory_says_so(name: str) -> None:
    agent = getattr(agents, name)("CartPole-v1" if name == "DQN" else "Pendulum-v1", seed=0, learning_starts=1000)
    with pytest.warns(UserWarning, match=rf"{name} has learned nothing in 50 steps: the first learning_starts=1,000"):
        agent.learn(50, progress=False)

"""The gradients of actors and critics by hand are autograd's, and an agent learns the same either way."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlnb import agents
from rlnb.agents.continuous import Draw

NAMES = ("DDPG", "TD3", "SAC")


def made(name: str, **settings: Any) -> Any:
    """An agent whose critics are as large as gradients that can be told apart need."""
    agent = getattr(agents, name)("Pendulum-v1", seed=0, **{"network": (16, 8), "learning_starts": 32, **settings})
    agent.flat_critics.data.data.mul_(2)
    agent.flat_target_critics.data.data.mul_(2)
    return agent


def batch(size: int = 48) -> Draw:
    draw = torch.Generator().manual_seed(0)
    obs, after = torch.randn((2, size, 3), generator=draw)
    rewards, chance = torch.randn((2, size), generator=draw)
    return Draw(obs, torch.rand((size, 1), generator=draw) * 2 - 1, rewards, after, 0.99 * (chance > -1).float())


def both_ways(agent: Any, part: str, *given: Any) -> tuple[Any, torch.Tensor, Any, torch.Tensor]:
    """What the method `part` gives and the gradient it leaves, by hand and by autograd, with the same noise."""
    flat, state = getattr(agent, f"flat_{part}"), agent.generator.get_state()
    call = agent.critic_gradient if part == "critics" else agent.actor_gradient
    by_hand, agent.by_hand = agent.by_hand, agent.by_hand
    assert by_hand is not None
    flat.grad.fill_(7.0)  # nothing of an older gradient may stay
    ours, ours_grad = call(*given), flat.grad.clone()
    agent.generator.set_state(state)
    agent.by_hand = None
    theirs, theirs_grad = call(*given), flat.grad.clone()
    agent.by_hand = by_hand
    return ours, ours_grad, theirs, theirs_grad


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, activation: str) -> None:
    agent, given = made(name, activation=activation), (batch(),)
    if name == "SAC":
        given += (torch.tensor([0.3]),)  # type: ignore[assignment]
    for part in ("critics", "actor"):
        for _ in range(2):  # the second time in the arrays of the first
            ours, ours_grad, theirs, theirs_grad = both_ways(agent, part, *given)
            for mine, its in zip(*((x if isinstance(x, tuple) else (x,)) for x in (ours, theirs)), strict=True):
                assert torch.allclose(mine, its, rtol=1e-4, atol=1e-6)
            assert ours_grad.abs().max() > 1e-4
            assert torch.allclose(ours_grad, theirs_grad, rtol=1e-3, atol=1e-6)


def test_a_deviation_held_by_its_bounds_has_no_slope() -> None:
    agent = made("SAC")
    bias = list(agent.actor.parameters())[-1]
    with torch.no_grad():
        bias[1] = 5.0  # log σ far above its bound of 2
    _, ours, _, theirs = both_ways(agent, "actor", batch(), torch.tensor([0.3]))
    assert bias.grad[1] == 0
    assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_each_critic_is_the_lowest_somewhere() -> None:
    # otherwise the tests above would not see which of them the slope goes through
    agent, given = made("SAC"), batch()
    which = agent.critics(given.obs, given.actions).argmin(0)
    assert 0 < which.float().mean() < 1


@pytest.mark.parametrize("name", NAMES)
def test_without_gradients_the_networks_give_the_same(name: str) -> None:
    agent, given = made(name), batch()
    with torch.no_grad():
        for network in ("actor", "target_actor"):
            assert torch.allclose(agent.quick(network)(given.obs), getattr(agent, network)(given.obs), atol=1e-6)
        for network in ("critics", "target_critics"):
            ours = agent.quick(network)(given.obs, given.actions)
            assert torch.allclose(ours, getattr(agent, network)(given.obs, given.actions), atol=1e-6)
    another = agent._critics()
    agent.target_critics = another  # a person's own is not passed by
    assert agent.quick("target_critics") is another and agent.quick("critics") is not agent.critics


@pytest.mark.parametrize("name", NAMES)
def test_an_agent_learns_the_same_either_way(name: str) -> None:
    fast, plain = (made(name, batch_size=16) for _ in range(2))
    plain.by_hand = None
    fast.learn(64, progress=False)
    plain.learn(64, progress=False)
    for flat in ("flat_actor", "flat_critics", "flat_target_critics"):
        assert torch.allclose(getattr(fast, flat).data, getattr(plain, flat).data, atol=1e-4)


def test_what_is_no_plain_chain_is_left_to_autograd() -> None:
    agent = agents.SAC("Pendulum-v1", seed=0, network=(8,), activation="gelu", learning_starts=32, batch_size=16)
    assert agent.by_hand is None
    agent.learn(40, progress=False)
    assert agent.updates == 8


@pytest.mark.parametrize("name", NAMES)
def test_what_is_logged_is_of_the_newest_update(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr("rlnb.hook.log", lambda **numbers: logged.append(numbers))
    agent, other = made(name), made(name)
    other.by_hand = None
    for one in (agent, other):
        one.learn(133 if name != "TD3" else 132, progress=False)  # the last update is one that is logged
    ours, theirs = logged[len(logged) // 2 - 1], logged[-1]
    for number in ("critic_grad_norm", "actor_grad_norm", "q_mean"):
        assert float(ours[number]) == pytest.approx(float(theirs[number]), rel=1e-2), number
    norm = torch.linalg.vector_norm(agent.flat_actor.grad)
    assert float(ours["actor_grad_norm"]) == float(norm) > 0

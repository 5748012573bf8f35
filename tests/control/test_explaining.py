"""Whose values stand under a replay: an agent's, a model's, a module's; as they are now, leaving nothing behind."""

from __future__ import annotations

import gc

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb import hook
from rlnb.errors import BadValue

torch = pytest.importorskip("torch")


def play(episodes=2, act=None, env_id="CartPole-v1"):
    env = gym.make(env_id)
    for _ in range(episodes):
        obs, _ = env.reset(seed=7)
        over = False
        while not over:
            obs, *_, terminated, truncated, _ = env.step(0 if act is None else act(obs))
            over = terminated or truncated


def thoughts_of(session, episode=0):
    from rlnb.control.films.takes import take

    shown = take(session, episode)
    return shown.thoughts, shown


def observations_by_hand(shown):
    return shown.film.story.observations.astype(np.float32)


def test_an_agent_of_rlnb_is_asked_without_asking(recording):
    from rlnb.agents import DQN

    agent = DQN("CartPole-v1", seed=0, learning_starts=100)
    agent.learn(300, progress=False)
    thoughts, shown = thoughts_of(rlnb.last())
    by_hand = np.stack([agent.explain(obs)["q"] for obs in observations_by_hand(shown)])
    np.testing.assert_allclose(thoughts.values["q"], by_hand, rtol=1e-6)
    assert "DQN as it is now" in thoughts.source
    favourite = by_hand.argmax(1)
    taken = shown.film.story.actions[:, 0]
    explored = [mark[0] for mark in shown.data().story["marks"] if mark[1] == "explored"]
    assert explored == [k + 1 for k in range(len(taken)) if taken[k] != favourite[k]]


@pytest.mark.parametrize("name", ["PPO", "DQN", "SAC"])
def test_a_model_of_stable_baselines3_is_asked_without_asking(recording, name):
    sb3 = pytest.importorskip("stable_baselines3")
    env_id = "Pendulum-v1" if name == "SAC" else "CartPole-v1"
    more = {"n_steps": 64} if name == "PPO" else {"learning_starts": 240}
    model = getattr(sb3, name)("MlpPolicy", env_id, seed=0, **more)
    with rlnb.session("sb3") as s:
        recording.minds.begin(s.id, model)  # what the desk finds on the stack, however quick the machine is
        model.learn(256)
    thoughts, shown = thoughts_of(s)
    rows = torch.as_tensor(observations_by_hand(shown))
    with torch.no_grad():
        if name == "PPO":
            by_hand = {
                "probs": model.policy.get_distribution(rows).distribution.probs,
                "value": model.policy.predict_values(rows),
            }
        elif name == "DQN":
            by_hand = {"q": model.q_net(rows)}
        else:
            actions = model.actor(rows, deterministic=True)
            by_hand = {"value": torch.cat(model.critic(rows, actions), 1).min(1, keepdim=True).values}
    assert set(thoughts.values) == set(by_hand), thoughts.source
    for part, values in by_hand.items():
        np.testing.assert_allclose(thoughts.values[part], values.numpy(), rtol=1e-4, atol=1e-5)


def test_a_module_of_ones_own_is_watched_and_its_output_said_to_be_its(recording):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    rlnb.explain(network)
    with rlnb.session("mine") as s:
        play(act=lambda obs: int(network(torch.as_tensor(obs).unsqueeze(0)).argmax()))
    before = torch.random.get_rng_state()
    thoughts, shown = thoughts_of(s)
    assert torch.equal(torch.random.get_rng_state(), before), "a replay drew from the training's random numbers"
    assert network.training
    assert thoughts.source.startswith("output of the module Sequential as it is now")
    network.eval()
    with torch.no_grad():
        by_hand = network(torch.as_tensor(observations_by_hand(shown))).numpy()
    np.testing.assert_allclose(thoughts.values["output"], by_hand, rtol=1e-5)


def test_logits_become_probabilities_where_it_is_said_that_they_are_logits(recording):
    network = torch.nn.Linear(4, 2)
    rlnb.explain(network, "logits")
    with rlnb.session("mine") as s:
        play(act=lambda obs: int(network(torch.as_tensor(obs)).argmax()))
    thoughts, _ = thoughts_of(s)
    np.testing.assert_allclose(thoughts.values["probs"].sum(1), 1)


def test_a_state_is_given_to_the_module_as_the_loop_gives_it(recording):
    network = torch.nn.Linear(16, 4)
    rlnb.explain(network, "q")
    one_hot = torch.eye(16)
    with rlnb.session("lake") as s:
        play(act=lambda state: int(network(one_hot[state]).argmax()) | 1, env_id="FrozenLake-v1")
    thoughts, shown = thoughts_of(s)
    states = shown.film.story.observations[:, 0].astype(int)
    with torch.no_grad():
        by_hand = network(one_hot)[states]
    np.testing.assert_allclose(thoughts.values["q"], by_hand, rtol=1e-5)


def test_a_module_that_was_not_called_is_not_this_sessions_policy(recording):
    rlnb.explain(torch.nn.Linear(4, 2))
    with rlnb.session("random") as s:
        play()
    assert thoughts_of(s)[0] is None


def test_a_function_that_cannot_be_asked_is_told_in_words_and_the_film_is_there(recording):
    def broken(obs):
        raise ValueError("expected 8 inputs")

    with rlnb.session("broken") as s:
        hook.explain(broken)
        play()
    thoughts, shown = thoughts_of(s)
    assert thoughts.values == {}
    assert "could not be asked (ValueError: expected 8 inputs)" in thoughts.source
    assert shown.film.verdict.verdict == "exact"


def test_an_agent_is_not_kept_alive(recording):
    class Agent:
        def explain(self, obs):
            return {"value": [0.0]}

    agent = Agent()
    with rlnb.session("gone") as s:
        hook.explain(agent.explain)
        play()
    del agent
    gc.collect()
    assert "is gone" in thoughts_of(s)[0].source


def test_the_hook_on_a_module_goes_with_rlnb(recording):
    network = torch.nn.Linear(4, 2)
    rlnb.explain(network)
    assert len(network._forward_hooks) == 1
    rlnb.uninstall()
    assert len(network._forward_hooks) == 0


@pytest.mark.parametrize(("policy", "kind"), [(3, None), (np.zeros(3), None), (lambda obs: {}, "advantage")])
def test_what_is_no_policy_is_refused_in_words(recording, policy, kind):
    with pytest.raises(BadValue, match=r"rlnb\.explain"):
        rlnb.explain(policy, kind)


def test_a_normalizing_model_is_asked_as_it_learned(recording):
    sb3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    env = VecNormalize(DummyVecEnv([lambda: gym.make("CartPole-v1")]))
    model = sb3.PPO("MlpPolicy", env, n_steps=64, seed=0)
    with rlnb.session("normalized") as s:
        recording.minds.begin(s.id, model)
        model.learn(64)
    thoughts, shown = thoughts_of(s)
    seen = env.normalize_obs(observations_by_hand(shown))
    with torch.no_grad():
        by_hand = model.policy.predict_values(torch.as_tensor(seen, dtype=torch.float32))
    np.testing.assert_allclose(thoughts.values["value"], by_hand, rtol=1e-4, atol=1e-5)
    _, act = recording.minds.actor(s.id)
    assert [int(act(obs)) for obs in observations_by_hand(shown)] == model.predict(seen, deterministic=True)[0].tolist()

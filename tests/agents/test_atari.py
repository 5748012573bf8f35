"""Atari: what the presets make of the frames, and that both train from end to end."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from rlnb.agents import DQN, PPO, atari
from rlnb.agents.lanes import VectorLanes

pytest.importorskip("ale_py")


def test_the_lessons_view_of_mspacman() -> None:
    env = atari.lesson()()
    obs, _ = env.reset(seed=0)
    assert obs.shape == (5, 44, 44)
    assert obs.dtype == np.uint8
    assert env.action_space == gym.spaces.Discrete(4)
    assert (obs[:, -1] == 0).all() and (obs[:, :, :2] == 0).all() and (obs[:, :, -2:] == 0).all()  # the border
    assert obs.max() > 100  # the maze
    env.close()


def test_rewards_are_logarithms_and_a_lost_life_hurts() -> None:
    env = atari.lesson()()
    env.reset(seed=0)
    rewards, lives = [], [atari.lives(env)]
    for _ in range(400):
        _, reward, terminated, truncated, _ = env.step(3)
        rewards.append(float(reward))
        lives.append(atari.lives(env))
        if terminated or truncated:
            break
    env.close()
    assert any(reward == pytest.approx(np.log(11)) for reward in rewards)  # a dot: 10 points
    lost = [reward for reward, before, after in zip(rewards, lives, lives[1:], strict=False) if after < before]
    assert lost
    assert max(lost) < 0


def test_standard_frames_and_lives() -> None:
    env = atari.standard("BreakoutNoFrameskip-v4")()
    obs, _ = env.reset(seed=0)
    assert obs.shape == (4, 84, 84)
    lives, ended = atari.lives(env), False
    assert lives == 5
    for _ in range(200):
        _, reward, ended, _, _ = env.step(0)
        assert reward in (-1.0, 0.0, 1.0)
        if ended:
            break
    assert ended  # the first ball was lost: FIRE had been pressed, and a life is an end for the learner …
    env.reset()
    assert atari.lives(env) == 4  # … but not the game's
    env.close()


def test_a_vector_of_games_goes_on_after_a_lost_life() -> None:
    env = atari.vector("MsPacmanNoFrameskip-v4", n_envs=2)
    single = atari.standard("MsPacmanNoFrameskip-v4")()
    assert env.single_observation_space == single.observation_space
    assert env.single_action_space == single.action_space
    single.close()
    _, info = env.reset(seed=0)
    lives, seen, rewards = info["lives"][0], [], set()
    rng = np.random.default_rng(0)
    while len(seen) < 3:
        _, reward, ended, _, info = env.step(rng.integers(9, size=2))
        rewards |= set(reward.tolist())
        if ended[0]:
            seen.append((int(lives), int(info["lives"][0])))
        lives = info["lives"][0]
    assert seen == [(3, 2), (2, 1), (1, 0)]  # each an end for the learner, in one and the same game
    assert rewards <= {-1, 0, 1}
    whole = atari.vector("ALE/Pong-v5", n_envs=1, training=False)
    assert whole.single_action_space == gym.spaces.Discrete(6)
    env.close()
    whole.close()


SMALL = {"network": (16,), "buffer_size": 300, "learning_starts": 50, "batch_size": 4, "n_steps": 1}


def test_the_lessons_dqn_trains_from_end_to_end(tmp_path) -> None:
    settings = {**atari.DQN_LESSON, **SMALL}
    agent = DQN(atari.lesson(), eval_env=atari.lesson(training=False), seed=0, **settings)
    before = agent.flat.data.detach().clone()
    agent.learn(90, progress=False)
    assert agent.updates > 5
    assert not (before == agent.flat.data).all()
    path = agent.save(tmp_path / "pacman.rlnb", memory=True)
    again = DQN.load(path, env=atari.lesson())
    obs, _ = agent.eval_source.make().reset(seed=1)
    assert again.act(obs) == agent.act(obs)
    assert again.memory.count == agent.memory.count


def test_the_standard_presets_train() -> None:
    DQN(atari.standard("ALE/Pong-v5"), seed=0, **{**atari.DQN_STANDARD, **SMALL}).learn(60, progress=False)
    small = {**atari.PPO_STANDARD, "network": (16,), "n_envs": 2, "n_steps": 8, "batch_size": 8, "n_epochs": 1}
    agent = PPO(atari.standard("ALE/Pong-v5"), seed=0, **small).learn(32, progress=False)
    assert agent.net.shared
    games = atari.vector("ALE/Pong-v5", n_envs=2)
    fast = {**atari.DQN_VECTOR, **SMALL, "learning_starts": 20}
    agent = DQN(games, eval_env=atari.standard("ALE/Pong-v5", training=False), seed=0, **fast)
    assert agent.learn(60, progress=False).updates > 20
    games.close()


def test_lanes_of_games_begin_apart_with_any_seed() -> None:
    lanes = {seed: VectorLanes(atari.vector("MsPacmanNoFrameskip-v4", n_envs=2)) for seed in (0, 1, 3_000_000_000)}
    began = {}
    for seed, games in lanes.items():
        games.reset(seed)
        for _ in range(40):
            games.step(np.full(2, 2))
        began[seed] = games.obs.copy()
        games.close()
    assert (began[0][1] != began[1][0]).any()  # ALE's own seeds count on: lane 1 of seed 0 would be lane 0 of seed 1


def test_the_step_after_a_lost_life_is_learned_from() -> None:
    lanes = VectorLanes(atari.vector("MsPacmanNoFrameskip-v4", n_envs=1))
    lanes.reset(0)
    rng, lost, phantoms = np.random.default_rng(0), 0, 0
    while lanes.episodes < 4:  # three lives, and the first of the next game
        step = lanes.step(rng.integers(9, size=1))
        lost += int(step.terminated[0])
        phantoms += int(not step.valid[0])
    assert (lost, phantoms) == (4, 1)  # only the step that begins the next game is none
    lanes.close()


@pytest.mark.parametrize("training", [True, False])
def test_fire_is_pressed_after_each_life(training: bool) -> None:
    env = atari.standard("BreakoutNoFrameskip-v4", training=training)()
    env.reset(seed=0)
    for _ in range(600):  # a policy that never presses it
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            if atari.lives(env) == 0:
                break
            env.reset()
    assert atari.lives(env) == 0
    env.close()

"""Episodes that end because the loop has a limit of its own, and resets."""

import gymnasium as gym
import pytest

import rlnb


def test_a_loop_with_a_limit_of_its_own_is_not_judged_by_its_lucky_episodes(recording):
    """As in the course of Hugging Face: `for step in range(max_steps)`, and a reset whatever has happened."""
    env = gym.make("FrozenLake-v1", is_slippery=False)
    with rlnb.session("limited") as s:
        for k in range(20):
            env.reset(seed=k)
            for step in range(12):
                action = [1, 1, 2, 1, 2, 2][step % 6] if k % 4 == 0 else 3 * (step % 2 == 0)
                *_, over, _, _ = env.step(action)
                if over:
                    break
        recording.settle()
        recording.store.learn("a fact", 1)  # the writer's books are read from the file again
    assert s.episodes.finished.sum() == 5
    about = rlnb.sessions().iloc[0]
    assert (about.episodes, about.mean_return) == (20, 0.25)
    assert rlnb.compare(s).summary["mean return (last 100)"].iloc[0] == 0.25
    with rlnb.session("never ends") as s:
        env = gym.make("Pendulum-v1")
        for k in range(5):
            env.reset(seed=k)
            for _ in range(30):
                env.step([0.0])
    about = rlnb.sessions().iloc[0]
    assert about.seed == 0
    assert about.episodes == 5 and about.mean_return == pytest.approx(s.episodes["return"].mean())
    path = s.save_json("never.json")
    assert rlnb.get(rlnb.load_json(path).id)._describe()["mean_return"] == pytest.approx(about.mean_return)

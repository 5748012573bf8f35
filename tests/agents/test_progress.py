"""The progress bar of `learn`."""

from __future__ import annotations

from rlnb import hook
from rlnb.agents import QLearning
from rlnb.agents.progress import Progress


def test_a_last_round_that_overshoots_does_not_unsettle_the_bar(capsys):
    """It said "60.2k/?": tqdm forgets a total that is passed."""
    with Progress("PPO", 0, 60_000, "steps", show=True) as progress:
        progress.tell(59_904, 200.0)
        progress.tell(60_160, 210.0, last=True)
    said = capsys.readouterr().err.split("\r")[-1]
    assert "60.0k/60.0k" in said and "return 210" in said


def test_the_hook_hears_steps_where_episodes_are_counted_and_no_total(monkeypatch):
    heard = []
    monkeypatch.setattr(hook, "progress", lambda done, total=None: heard.append((done, total)))
    agent = QLearning("FrozenLake-v1", seed=0).learn(episodes=20, progress=False)
    assert heard[-1] == (agent.steps, None)
    agent.learn(100, progress=False)
    assert heard[-1] == (agent.steps, agent.steps)

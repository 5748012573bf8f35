"""The progress bar of `learn`."""

from __future__ import annotations

from rlnb.agents.progress import Progress


def test_a_last_round_that_overshoots_does_not_unsettle_the_bar(capsys):
    """It said "60.2k/?": tqdm forgets a total that is passed."""
    with Progress("PPO", 0, 60_000, "steps", show=True) as progress:
        progress.tell(59_904, 200.0)
        progress.tell(60_160, 210.0, last=True)
    said = capsys.readouterr().err.split("\r")[-1]
    assert "60.0k/60.0k" in said and "return 210" in said

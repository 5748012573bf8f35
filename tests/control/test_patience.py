"""Work that is quick says nothing; work that is slow counts up on one line, and leaves none behind."""

from __future__ import annotations

from rlnb.clock import ManualClock
from rlnb.control.films.patience import AFTER, EVERY, Patience


def test_quick_work_says_nothing(capsys):
    with Patience("episode 3 runs again", ManualClock()) as told:
        told(1, 2)
        told(2, 2)
    assert capsys.readouterr() == ("", "")


def test_slow_work_counts_up_on_one_line_that_is_wiped(capsys):
    clock = ManualClock()
    with Patience("episode 3 runs again", clock) as told:
        clock.advance(AFTER)
        told(25, 100)
        told(26, 100)  # too soon after the word before
        clock.advance(EVERY)
        told(100, 100)
    said = capsys.readouterr().err
    words = "rlnb: episode 3 runs again … "
    assert [part.strip() for part in said.split("\r")] == ["", f"{words}25 %", f"{words}100 %", "", ""]
    assert "\n" not in said

"""Which episode a word means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlnb.errors import EpisodeNotFound
from rlnb.training import counted

if TYPE_CHECKING:
    import pandas as pd

WORDS = ("best", "worst", "median", "last", "longest", "first success")


def of_training(episodes: pd.DataFrame, training: int) -> pd.DataFrame:
    """The episodes of that group, all where it has none; of these the ones that count, where there are any."""
    own = episodes["group"] == training
    pool = episodes[own] if own.any() else episodes
    if not len(pool):
        return pool
    counts = counted(*(pool[name] for name in ("finished", "length", "lane", "started")))
    return pool[counts] if counts.any() else pool


def choose(episodes: pd.DataFrame, which: int | str, reward_threshold: float | None = None, training: int = 0) -> int:
    """The number of the episode that `which` means: its row in `episodes`.

    Words look at finished episodes of group `training`; where none was finished, at the unfinished ones, and where it
    has none, at all. Among equals the first counts. "first success" is the first with `success` true, or, where
    the environment says nothing of success, the first whose return reaches the reward threshold.
    """
    count = len(episodes)
    if not isinstance(which, str):
        try:
            number = int(which)
        except (TypeError, ValueError):
            raise EpisodeNotFound(f"episode={which!r}: a number or a word like 'best' is needed.") from None
        if -count <= number < count:
            return number % count
        have = f"it has {count:,} (0 to {count - 1})" if count else "it has none yet"
        raise EpisodeNotFound(f"there is no episode {number}; {have}.")
    if which not in WORDS:
        words = ", ".join(repr(word) for word in WORDS)
        raise EpisodeNotFound(f"episode={which!r} is no word for an episode; take one of {words}, or a number.")
    if not count:
        raise EpisodeNotFound(f"no episode yet, so there is no {which!r} one.")
    pool = of_training(episodes, training)
    returns = pool["return"].to_numpy(np.float64)
    numbers = pool.index.to_numpy()
    if which == "last":
        return int(numbers[-1])
    if which == "longest":
        return int(numbers[int(np.argmax(pool["length"].to_numpy()))])
    if which == "first success":
        won = pool["success"].to_numpy() == 1
        if not (pool["success"].to_numpy() >= 0).any() and reward_threshold is not None:
            won = (returns >= reward_threshold) & pool["finished"].to_numpy(
                bool
            )  # what was cut short has reached nothing
        if not won.any():
            rule = "info['is_success']" if reward_threshold is None else f"a return of {reward_threshold:g}"
            raise EpisodeNotFound(f"no episode was a success yet (measured by {rule}).")
        return int(numbers[int(np.argmax(won))])
    known = np.flatnonzero(~np.isnan(returns))
    if not len(known):
        raise EpisodeNotFound(f"every return is NaN, so there is no {which!r} episode.")
    if which == "best":
        at = known[int(np.argmax(returns[known]))]
    elif which == "worst":
        at = known[int(np.argmin(returns[known]))]
    else:
        at = known[np.argsort(returns[known], kind="stable")[(len(known) - 1) // 2]]
    return int(numbers[at])

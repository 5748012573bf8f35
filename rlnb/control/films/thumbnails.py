"""Small pictures over the training: how some episodes ended, from the first to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlnb.control.films.choosing import of_training
from rlnb.control.films.takes import trace_of
from rlnb.errors import BadValue, RlnbError

if TYPE_CHECKING:
    import pandas as pd

    from rlnb.control.session import Session
    from rlnb.widgets.films import Screen

COUNT = 8
HEIGHT = 84  # pixels


def pick(episodes: pd.DataFrame, training: int = 0, count: int = COUNT) -> list[int]:
    """Numbers of up to `count` episodes of group `training`, evenly over the training, first and last among them."""
    pool = of_training(episodes, training)
    if not len(pool):
        return []
    places = np.unique(np.linspace(0, len(pool) - 1, min(count, len(pool))).round().astype(int))
    return [int(pool.index[place]) for place in places.tolist()]


def send(session: Session, screen: Screen) -> None:
    """Make the pictures one by one, each sent as soon as it is there; one that cannot be made is left out."""
    episodes = session.episodes
    numbers = pick(episodes, session._describe()["training_group"])
    if not numbers:
        raise BadValue("No episode yet, so there is nothing to show over the training.")
    failed: Exception | None = None
    made = 0
    for i, number in enumerate(numbers):
        try:
            picture = session._room.worker.frame(trace_of(session, number), -1, height=HEIGHT)
        except RlnbError as error:
            failed = error
            continue
        made += 1
        words = f"episode {number}: return {episodes['return'].iloc[number]:g}"
        screen.film_thumbnail(number, words, i, len(numbers), picture)
    if failed is not None and not made:
        raise failed

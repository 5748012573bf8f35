"""Recorded frames as a film: what is shown where an episode cannot be simulated again. Runs in the worker only."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rlnb.replays import video
from rlnb.replays.film import Film, Verdict

if TYPE_CHECKING:
    from rlnb.replays.jobs import Desk
    from rlnb.trace import Trace

MOST_FRAMES = 1200  # of a film: each shows the newest picture that was taken by then


def words(trace: Trace, why: str) -> str:
    """What the badge says of recorded frames."""
    return f"{len(trace.pictures)} pictures that the training itself drew ({why})"


def film(desk: Desk, trace: Trace, why: str, max_frames: int | None = None, height: int | None = None) -> Film:
    """The pictures in the time of the episode: frame k shows the newest one taken by step k·stride."""
    began = time.perf_counter()
    n = max(len(trace), trace.pictures[-1][0])
    stride = max(1, -(-n // ((max_frames or MOST_FRAMES) - 1)))
    speed = max(video.SLOWEST, video.clamp_fps(trace.recipe.get("fps")) / stride)
    with video.Encoder(speed, height) as encoder:
        for k, picture in _in_time(trace, [*range(0, n, stride), n]):
            encoder.add(picture)
            if k == 0:
                desk.preview(video.png(picture, height))
            desk.progress(k, n)
    return Film(
        mp4=encoder.content,
        fps=speed,
        frames=encoder.frames,
        width=encoder.width_out,
        height=encoder.height_out,
        poster=video.png(opened(trace.pictures[-1][1]), height),
        verdict=Verdict("recorded frames", None, "", words(trace, why)),
        seconds=time.perf_counter() - began,
        stride=stride,
    )


def at(trace: Trace, k: int) -> video.Picture:
    """The newest picture taken by step `k`, or the first one."""
    steps = [step for step, _ in trace.pictures]
    return opened(trace.pictures[max(0, int(np.searchsorted(steps, k, side="right")) - 1)][1])


def _in_time(trace: Trace, moments: list[int]) -> Iterator[tuple[int, video.Picture]]:
    place, picture = 0, opened(trace.pictures[0][1])
    for k in moments:
        moved = False
        while place + 1 < len(trace.pictures) and trace.pictures[place + 1][0] <= k:
            place, moved = place + 1, True
        if moved:
            picture = opened(trace.pictures[place][1])
        yield k, picture


def opened(content: bytes) -> video.Picture:
    """A compressed picture as (height, width, 3)."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

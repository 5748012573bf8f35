"""Films side by side, in step, with a label under each. Runs in the worker only."""

from __future__ import annotations

import time
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from rlnb.replays import video
from rlnb.replays.film import Film, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlnb.replays.jobs import Desk

GAP = 8  # pixels between two pictures
STRIP = 240  # height of the pictures of a strip
LABEL = 28  # pixels under a picture
PAPER, INK = (255, 255, 255), (40, 40, 40)


def side_by_side(desk: Desk, films: Sequence[Film], labels: Sequence[str] | None) -> Film:
    """Frame k of the whole shows frame k of each film; one that is over holds its last frame."""
    began = time.perf_counter()
    tall = max(film.height for film in films)
    sizes = [video.fit(film.width, film.height, tall) for film in films]
    high = tall + (LABEL if labels else 0)
    wide = sum(size[0] for size in sizes) + GAP * (len(films) - 1)
    canvas = np.full((high, wide, 3), PAPER, dtype=np.uint8)
    lefts = [sum(size[0] for size in sizes[:i]) + GAP * i for i in range(len(films))]
    for left, size, label in zip(lefts, sizes, labels or (), strict=False):
        canvas[tall:, left : left + size[0]] = label_strip(label, size[0])
    frames = max(film.frames for film in films)
    # a film of every s-th step among films of every step is shown at its own pace: strides agree or the longest rules
    with video.Encoder(min(film.fps for film in films)) as encoder:
        streams = [video.decode(film.mp4, size=size) for film, size in zip(films, sizes, strict=True)]
        try:
            for k, pictures in enumerate(zip_longest(*streams)):
                for left, picture in zip(lefts, pictures, strict=True):
                    if picture is not None:
                        canvas[:tall, left : left + picture.shape[1]] = picture
                encoder.add(canvas)
                desk.progress(k + 1, frames)
        finally:
            for stream in streams:
                stream.close()
    return Film(
        mp4=encoder.content,
        fps=encoder.fps,
        frames=encoder.frames,
        width=encoder.width_out,
        height=encoder.height_out,
        poster=video.png(canvas),
        verdict=together([film.verdict for film in films]),
        seconds=time.perf_counter() - began,
    )


def strip(desk: Desk, film: Film, count: int) -> bytes:
    """`count` pictures evenly over a film, first and last among them, each with its step under it, as PNG."""
    places = np.unique(np.linspace(0, film.frames - 1, min(count, film.frames)).round().astype(int)).tolist()
    tall = min(film.height, STRIP)
    size = video.fit(film.width, film.height, tall)
    shown = []
    for k, picture in enumerate(video.decode(film.mp4, size=size)):
        if k in places:
            label = label_strip("reset" if k == 0 else f"step {k * film.stride}", size[0])
            shown += [np.concatenate([picture, label]), np.full((tall + LABEL, GAP, 3), PAPER, np.uint8)]
        desk.progress(k + 1, film.frames)
    return video.png(np.concatenate(shown[:-1], axis=1).astype(np.uint8))


def label_strip(label: str, wide: int) -> video.Picture:
    """A strip with the label in its middle, shortened until it fits."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("RGB", (wide, LABEL), PAPER)
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(size=15)
    text = label
    while text and draw.textlength(text, font=font) > wide - 8:
        text = text[:-2].rstrip("…") + "…" if len(text) > 2 else ""
    draw.text((wide / 2, LABEL / 2), text, fill=INK, font=font, anchor="mm")
    return np.asarray(strip)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict for several films: exact only where all are; else the first that is not."""
    for i, verdict in enumerate(verdicts):
        if verdict.verdict != "exact":
            return Verdict(verdict.verdict, verdict.step, verdict.compared, f"picture {i + 1}: {verdict.reason}")
    return Verdict("exact", None, "; ".join(dict.fromkeys(v.compared for v in verdicts)))

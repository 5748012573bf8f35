"""What comes back from the worker: a film, a verdict, the steps of an episode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rlnb.errors import BadValue

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rlnb.replays.client import Worker
    from rlnb.replays.story import Story

Finding = Literal["exact", "diverged", "recorded frames", "not replayable", "what if"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a replay can be believed.

    `step` counts from 1: the first step whose checksum, reward or flags left the recording (0: the reset itself).
    """

    verdict: Finding
    step: int | None = None
    compared: str = ""  # what the checksums cover, in words
    reason: str = ""  # what went wrong, in words; empty when exact

    def __str__(self) -> str:
        if self.verdict == "exact":
            return f"exact: {self.compared} agreed"
        return f"{self.verdict}: {self.reason}" if self.reason else self.verdict


@dataclass(frozen=True, slots=True)
class Film:
    """An episode as a video: H.264 in mp4, yuv420p, even width and height.

    Frame 0 is the picture after the reset, frame k the one after step k·`stride` (the last frame is always the
    last step's). `stride` is 1 unless `max_frames` asked for fewer frames.
    """

    mp4: bytes
    fps: float
    frames: int
    width: int
    height: int
    poster: bytes  # PNG of the last frame, exact pixels
    verdict: Verdict
    seconds: float  # what it took to make
    stride: int = 1
    story: Story | None = None  # what the environment said at every step, from the same run

    @property
    def duration(self) -> float:
        """Seconds that it plays."""
        return self.frames / self.fps

    def save(self, path: str | os.PathLike[str], worker: Worker | None = None) -> Path:
        """Write the film; the ending of `path` chooses: .mp4, .gif, .webm, or .png (the poster).

        gif and webm are made in a worker process: `worker`, or one started for the occasion.
        """
        target = Path(path).expanduser()
        ending = target.suffix.lower()
        if ending == ".mp4":
            content = self.mp4
        elif ending == ".png":
            content = self.poster
        elif ending in (".gif", ".webm"):
            content = _with_worker(worker, lambda w: w.convert(self, ending[1:]))
        else:
            raise BadValue(
                f"A film cannot be saved as {target.name!r}: the name must end in .mp4, .gif, .webm or .png."
            )
        if not target.parent.is_dir():
            raise BadValue(f"There is no folder {str(target.parent)!r} to save {target.name!r} in.")
        target.write_bytes(content)
        return target


@dataclass(frozen=True, slots=True)
class Rerun:
    """The steps of an episode, simulated again.

    `observations[k]` is what the environment showed after step `first + k` (index 0 of a whole episode is the
    reset), so there is one more observation than rewards. `infos` are JSON-able and go with `observations`.
    """

    observations: Any  # ndarray (n + 1, *shape) where the shapes agree, else a list
    rewards: NDArray[np.float64]  # (n,)
    terminated: NDArray[np.bool_]  # (n,)
    truncated: NDArray[np.bool_]  # (n,)
    infos: list[dict[str, Any]]  # (n + 1)
    verdict: Verdict
    first: int = 0


def tile(films: Sequence[Film], labels: Sequence[str] | None = None, worker: Worker | None = None) -> Film:
    """Put films side by side, in step: frame k of the whole shows frame k of each.

    A film that ends earlier holds its last frame. `labels` are written under the pictures.
    """
    if not films:
        raise BadValue("Nothing to put side by side: give at least one film.")
    if labels is not None and len(labels) != len(films):
        raise BadValue(f"{len(films)} films need {len(films)} labels; {len(labels)} were given.")
    result: Film = _with_worker(worker, lambda w: w.tile(films, labels))
    return result


def _with_worker(worker: Worker | None, job: Any) -> Any:
    if worker is not None:
        return job(worker)
    from rlnb.replays.client import Worker as Fresh

    fresh = Fresh()
    try:
        return job(fresh)
    finally:
        fresh.close()

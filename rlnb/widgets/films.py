"""Films on their way to the page: what every widget that plays episodes shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .codec import encode


@dataclass(frozen=True)
class FilmData:
    """One episode's film. Frame 0 shows the reset, frame k the picture after step `k * stride` (the last: the last)."""

    video: bytes
    fps: float
    frames: int
    width: int
    height: int
    verdict: str  # "exact", "diverged", "recorded frames"
    words: str  # what was compared, or where it left the recording
    caption: str
    rewards: NDArray[np.float64]  # (steps,)
    stride: int = 1
    mime: str = "video/mp4"
    story: Mapping[str, Any] = field(default_factory=dict)  # names, units, words: `Story` in js/src/player/story.ts
    columns: Mapping[str, ArrayLike] = field(default_factory=dict)  # its numbers, a column each
    seen: bytes = b""  # what the agent saw, a film of the same frames

    def meta(self) -> dict[str, Any]:
        """What goes to the page beside the bytes."""
        names = ("fps", "frames", "width", "height", "verdict", "words", "caption", "stride", "mime")
        return {**{name: getattr(self, name) for name in names}, "seen": bool(self.seen)}

    def buffers(self) -> list[bytes]:
        """The bytes: the video, the numbers and, where the agent saw something else, what it saw."""
        numbers = encode({"story": dict(self.story)}, {"rewards": self.rewards, **self.columns})
        return [self.video, numbers, *([self.seen] if self.seen else [])]


class Screen:
    """Mixed into a widget: shows films side by side in step. Bytes travel in messages, never in a trait."""

    def show_films(self, films: Sequence[FilmData]) -> None:
        """Play these films; every view of the widget does."""
        buffers = [part for film in films for part in film.buffers()]
        self._tell({"type": "films", "films": [film.meta() for film in films]}, buffers)

    def film_progress(self, done: int, total: int) -> None:
        """Say how far the film that was asked for is."""
        self._tell({"type": "film_progress", "done": int(done), "total": int(total)})

    def film_error(self, text: str) -> None:
        """Say in the player why there is no film."""
        self._tell({"type": "film_error", "text": text})

    def film_notice(self, text: str) -> None:
        """Say something beside the film, which stays."""
        self._tell({"type": "film_notice", "text": text})

    def film_file(self, name: str, mime: str, content: bytes) -> None:
        """Hand a file to the person: the browser saves it."""
        self._tell({"type": "film_file", "name": name, "mime": mime}, [content])

    def film_thumbnail(self, episode: int, words: str, index: int, total: int, png: bytes) -> None:
        """A small picture of an episode, one of `total` over the training."""
        told = {"type": "film_thumbnail", "episode": episode, "words": words, "index": index, "total": total}
        self._tell(told, [png])

    def _tell(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self.send(content, list(buffers))  # type: ignore[attr-defined]

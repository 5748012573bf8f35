"""Frames for a replay memory: every picture once, as uint8, on the device of the network; stacked when they are drawn.

Two neighbouring stacks of four frames share three. Kept whole, a million Atari transitions take 56 GB; here 7 GB.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rlnb.agents.captured import Staging
from rlnb.agents.spaces import Array

RECENT = 2048  # among so many newest pictures at least one is looked for before it is stored again
BATCH = 64  # pictures that are copied to the accelerator at once
MOST = 0.8  # of the accelerator's free memory that pictures may take: the network and its batches need the rest


class FrameStore:
    """A ring of single pictures on `device`, or beside it where they do not fit; a stack is the list of where its
    pictures are.

    A place is a count that only grows (the ring position is `place % size`), so that a picture that has been
    overwritten in the meantime is known to be gone.
    """

    def __init__(
        self, size: int, shape: tuple[int, ...], device: torch.device, planes: int = 1, recent: int = RECENT
    ) -> None:
        """`shape`: (pictures · planes, height, width) of a stack; `planes` of one picture: 3 where it has colours.

        `recent`: how many pictures back one may be seen again; more where many environments bring theirs in turn.
        """
        self.recent, self.stack = max(recent, RECENT), shape[0] // planes
        self.size = size + 2 * self.recent
        shape = (shape[0], planes, *shape[1:])
        where = fitting(device, self.size * math.prod(shape[1:]))
        self.frames = torch.zeros((self.size, *shape[1:]), dtype=torch.uint8, device=where)
        self.near = where.type == device.type
        self.written = 0
        self._known: dict[bytes, tuple[int, ...]] = {}  # a picture: the places of the newest stack that ended with it
        self._pictures: dict[int, bytes] = {}  # place: the picture
        self._staging = Staging(BATCH * math.prod(shape[1:]), where)
        self._new: list[bytes] = []  # pictures on their way to `frames`

    def put(self, stacks: Array) -> NDArray[np.int64]:
        """Where the pictures of `stacks` [n, k · planes, height, width] are [n, k]; new ones are stored."""
        pictures = stacks.reshape(len(stacks), self.stack, -1)
        places = np.array([self._places([picture.tobytes() for picture in one]) for one in pictures], dtype=np.int64)
        self._send()
        return places

    def _places(self, pictures: list[bytes]) -> tuple[int, ...]:
        # a stack that was here a moment ago, one picture on from such a stack, or, at the start of an episode, neither
        newest = self._known.get(pictures[-1])
        if newest is not None and self._hold(newest, pictures):
            return newest
        before = self._known.get(pictures[-2]) if len(pictures) > 1 else None
        if before is not None and self._hold(before[1:], pictures[:-1]):
            places = (*before[1:], self._place(pictures[-1]))
        else:
            places = tuple(map(self._place, pictures))
        self._known[pictures[-1]] = places
        return places

    def _hold(self, places: tuple[int, ...], pictures: list[bytes]) -> bool:
        """Whether the pictures lie at these places, and were stored not long ago."""
        oldest = self.written - self.recent
        return all(
            place > oldest and self._pictures[place] == picture for place, picture in zip(places, pictures, strict=True)
        )

    def _place(self, picture: bytes) -> int:
        known = self._known.get(picture)
        if known is not None and known[-1] > self.written - self.recent:
            return known[-1]
        place = self.written
        self.written += 1
        self._known[picture], self._pictures[place] = (place,) * self.stack, picture
        self._new.append(picture)
        if len(self._new) == BATCH:
            self._send()
        if len(self._pictures) > 2 * self.recent:
            oldest = self.written - self.recent
            self._pictures = {at: held for at, held in self._pictures.items() if at > oldest}
            self._known = {held: places for held, places in self._known.items() if places[-1] > oldest}
        return place

    def _send(self) -> None:
        """Copy the new pictures to `frames`, all at once."""
        first, self._new, new = self.written - len(self._new), [], self._new
        while new:
            at = first % self.size
            some, new = new[: self.size - at], new[self.size - at :]  # up to the end of the ring
            slot = self._staging.free()
            row = b"".join(some)
            self._staging.slots[slot][: len(row)] = np.frombuffer(row, np.uint8)
            self._staging.send(slot, self.frames[at : at + len(some)].view(-1))
            first += len(some)

    def alive(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which stacks [n, k] are still whole."""
        whole: NDArray[np.bool_] = places.min(1) >= self.written - self.size
        return whole

    def get(self, places: Any) -> torch.Tensor:
        """The stacks [n, k · planes, height, width] at `places` [n, k], an array or a tensor."""
        return self.frames[torch.as_tensor(places, device=self.frames.device) % self.size].flatten(1, 2)

    def state(self) -> dict[str, Any]:
        """The pictures, for a checkpoint."""
        return {"written": self.written, "frames": self.frames[: min(self.written, self.size)].cpu().clone()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take in what `state` gave."""
        self.written = int(state["written"])
        self.frames[: len(state["frames"])] = state["frames"].to(self.frames.device)
        self._known.clear()
        self._pictures.clear()


def fitting(device: torch.device, size: int) -> torch.device:
    """Where `size` bytes of pictures go: to `device`, or to the computer's own memory where they are too many for it
    (a T4 with 15 GB free takes 1.7 million of 84 x 84)."""
    if device.type == "cuda" and size > MOST * torch.cuda.mem_get_info(device)[0]:
        return torch.device("cpu")
    return device

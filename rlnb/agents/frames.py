"""Frames for a replay memory: every picture once, as uint8, on the device of the network; stacked when they are drawn.

Two neighbouring stacks of four frames share three. Kept whole, a million Atari transitions take 56 GB; here 7 GB.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rlnb.agents.spaces import Array

RECENT = 2048  # among so many newest pictures one is looked for before it is stored again
MOST = 0.8  # of the accelerator's free memory that pictures may take: the network and its batches need the rest


class FrameStore:
    """A ring of single pictures on `device`, or beside it where they do not fit; a stack is the list of where its
    pictures are.

    A place is a count that only grows (the ring position is `place % size`), so that a picture that has been
    overwritten in the meantime is known to be gone.
    """

    def __init__(self, size: int, shape: tuple[int, ...], device: torch.device) -> None:
        self.size, self.stack = size + 2 * RECENT, shape[0]
        where = fitting(device, self.size * math.prod(shape[1:]))
        self.frames = torch.zeros((self.size, *shape[1:]), dtype=torch.uint8, device=where)
        self.written = 0
        self._known: dict[int, tuple[int, bytes]] = {}  # hash of a picture: its place and its bytes

    def put(self, stacks: Array) -> NDArray[np.int64]:
        """Where the pictures of `stacks` [n, k, height, width] are [n, k]; new ones are stored."""
        return np.array([[self._place(frame) for frame in stack] for stack in stacks], dtype=np.int64)

    def _place(self, frame: Array) -> int:
        content = frame.tobytes()
        key = hash(content)
        known = self._known.get(key)
        if known is not None and known[1] == content and self.written - known[0] < RECENT:
            return known[0]
        place = self.written
        self.frames[place % self.size] = torch.as_tensor(np.ascontiguousarray(frame))
        self.written += 1
        self._known[key] = (place, content)
        if len(self._known) > 2 * RECENT:
            self._known = {k: entry for k, entry in self._known.items() if place - entry[0] < RECENT}
        return place

    def alive(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which stacks [n, k] are still whole."""
        whole: NDArray[np.bool_] = places.min(1) >= self.written - self.size
        return whole

    def get(self, places: NDArray[np.int64]) -> torch.Tensor:
        """The stacks [n, k, height, width] at `places` [n, k]."""
        return self.frames[torch.from_numpy(places % self.size).to(self.frames.device)]

    def state(self) -> dict[str, Any]:
        """The pictures, for a checkpoint."""
        return {"written": self.written, "frames": self.frames[: min(self.written, self.size)].cpu().clone()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take in what `state` gave."""
        self.written = int(state["written"])
        self.frames[: len(state["frames"])] = state["frames"].to(self.frames.device)
        self._known.clear()


def fitting(device: torch.device, size: int) -> torch.device:
    """Where `size` bytes of pictures go: to `device`, or to the computer's own memory where they are too many for it
    (a T4 with 15 GB free takes 1.7 million of 84 x 84)."""
    if device.type == "cuda" and size > MOST * torch.cuda.mem_get_info(device)[0]:
        return torch.device("cpu")
    return device

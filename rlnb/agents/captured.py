"""A function of arrays recorded once as a CUDA graph: a fast path on NVIDIA cards beside the readable code.

On such a card an update of a small network is some hundred kernels of about two microseconds; to start each of them
from Python takes several times as long. A graph is all of them, started at once. What is recorded is the readable
function itself, so it must be one that reads nothing back from the card and keeps no count of its own in Python: a
graph repeats kernels, not lines. On every other device the function is simply called.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rlnb.agents.spaces import Array

Outputs = tuple[Tensor, ...]
WARM = 3  # calls before the recording: libraries choose their kernels and take their memory in the first ones
SLOTS, ALIGN = 8, 16
MOST, MOST_BYTES = 8, 2**24  # recordings of one function, and what their inputs may take: batches of any size may come


class Staging:
    """Bytes on their way to the card: a ring of page-locked rooms, so that a copy is begun without waiting for it."""

    def __init__(self, size: int, device: torch.device) -> None:
        self.device = device
        pinned = device.type == "cuda"
        self._rooms = list(torch.empty((SLOTS, size), dtype=torch.uint8, pin_memory=pinned))
        self.slots = [room.numpy() for room in self._rooms]
        self._sent = [torch.cuda.Event() for _ in range(SLOTS)] if pinned else []  # type: ignore[no-untyped-call]
        self._at = 0

    def free(self) -> int:
        """The number of a slot that may be written to: its last copy is over."""
        self._at = (self._at + 1) % SLOTS
        if self._sent:
            self._sent[self._at].synchronize()
        return self._at

    def send(self, slot: int, into: Tensor) -> None:
        """Begin to copy the first bytes of `slot` over `into`, a row of bytes."""
        room = self._rooms[slot]
        into.copy_(room if len(into) == len(room) else room[: len(into)], non_blocking=True)
        if self._sent:
            self._sent[slot].record()


class Captured:
    """`function` of arrays and numbers, which become tensors on `device`, giving a tuple of tensors.

    `networks` are those that it walks through: one of a person's own is not recorded, for it may do anything. Arrays of
    another shape and other `how` are recorded for themselves, up to `MOST` of them. The tensors given back are written
    over by the next call. A number becomes a tensor without dimensions where it is recorded, and stays one elsewhere.
    """

    def __init__(
        self, function: Callable[..., Outputs], device: torch.device, *networks: nn.Module,
        generators: Sequence[torch.Generator] = (),
    ) -> None:  # fmt: skip
        self.function, self.device, self.generators = function, device, generators
        kinds = {type(part).__module__.split(".")[0] for network in networks for part in network.modules()}
        #: Makes a recording: `_record` of a function of nothing. None: nothing is recorded.
        self.record = _record if device.type == "cuda" and kinds <= {"torch", "rlnb"} else None
        self._known: dict[Hashable, _Recording] = {}
        self._one_at_a_time = threading.RLock()  # a replay may ask the network while a thread trains it

    def __call__(self, *given: Array | float, **how: Hashable) -> Outputs:
        if self.record is not None:
            arrays = [np.asarray(x, np.float32) if isinstance(x, float) else np.asarray(x) for x in given]
            with self._one_at_a_time:
                recording = self._recording(arrays, how)
                if recording is not None:
                    recording.fill(arrays)
                    return recording.run(self, how)
        return self.once(*given, **how)

    def once(self, *given: Array | float, **how: Hashable) -> Outputs:
        """The same, and nothing is recorded: for arrays of a shape that will hardly come again."""
        return self.function(
            *(x if isinstance(x, float) else torch.as_tensor(x, device=self.device) for x in given), **how
        )

    def numpy(self, rows: Array) -> Array:
        """The first output for `rows`, as an array of its own."""
        with self._one_at_a_time:
            out: Array = self(np.ascontiguousarray(rows))[0].cpu().numpy()
        return out

    def _recording(self, arrays: list[Array], how: dict[str, Hashable]) -> _Recording | None:
        key = (*((array.shape, array.dtype.char) for array in arrays), *sorted(how.items()))
        if key not in self._known and len(self._known) < MOST and sum(array.nbytes for array in arrays) <= MOST_BYTES:
            self._known[key] = _Recording(arrays, self.device)
        return self._known.get(key)


class _Recording:
    """One graph with its inputs, which lie one after another in a row of bytes: one copy brings them all."""

    def __init__(self, arrays: list[Array], device: torch.device) -> None:
        ends = np.cumsum([-(-max(array.nbytes, 1) // ALIGN) * ALIGN for array in arrays]).tolist()
        starts = [0, *ends[:-1]]
        self.staging = Staging(ends[-1], device)
        self.row = torch.empty(ends[-1], dtype=torch.uint8, device=device)
        self.inputs, self.rooms = [], [[] for _ in self.staging.slots]  # type: ignore[var-annotated]
        for start, array in zip(starts, arrays, strict=True):
            part, dtype = slice(start, start + array.nbytes), torch.from_numpy(np.empty(0, array.dtype)).dtype
            self.inputs.append(self.row[part].view(dtype).view(array.shape))
            for room, slot in zip(self.rooms, self.staging.slots, strict=True):
                room.append(slot[part].view(array.dtype).reshape(array.shape))
        self.replay: Callable[[], None] | None = None
        self.outputs: Outputs = ()
        self.calls = 0

    def fill(self, arrays: list[Array]) -> None:
        """Send the arrays to the inputs."""
        slot = self.staging.free()
        for room, array in zip(self.rooms[slot], arrays, strict=True):
            room[...] = array
        self.staging.send(slot, self.row)

    def run(self, captured: Captured, how: dict[str, Any]) -> Outputs:
        """The function of the present inputs: called at first, then recorded, from then on replayed."""
        assert captured.record is not None
        if self.replay is None and self.calls < WARM:
            self.calls += 1
            return _aside(lambda: captured.function(*self.inputs, **how), captured.device)
        if self.replay is None:
            self.replay, self.outputs = captured.record(
                lambda: captured.function(*self.inputs, **how), captured.generators
            )
        self.replay()
        return self.outputs


def _aside(function: Callable[[], Outputs], device: torch.device) -> Outputs:
    """Call it on a stream of its own, as what is recorded later will be."""
    if device.type != "cuda":
        return function()
    here, aside = torch.cuda.current_stream(device), torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    aside.wait_stream(here)
    with torch.cuda.stream(aside):
        outputs = function()
    here.wait_stream(aside)
    return outputs


def _record(
    function: Callable[[], Outputs], generators: Sequence[torch.Generator]
) -> tuple[Callable[[], None], Outputs]:
    """The graph of `function` as something to call, and the tensors that each call writes to."""
    graph = torch.cuda.CUDAGraph()
    for generator in generators:
        graph.register_generator_state(generator)
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # others may ask the network meanwhile
        outputs = function()
    return graph.replay, outputs

"""A stand-in for a CUDA graph on the CPU: what a function does to tensors, noted once and done again.

Like a graph it repeats operations, not lines: a number that was computed in Python while it was noted stays as it was
then. And like a capture it refuses to read a tensor's value, and leaves everything as it was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

READING = {"aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal", "aten::nonzero", "aten::lift_fresh"}


class Tape(TorchDispatchMode):
    """Notes every operation with what went in and came out."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Any, Any, Any, Any]] = []
        self.before: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}  # storages that were written to, as they were

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func._schema.name not in READING, f"{func} reads a value: a capture could not go on"
        kwargs = kwargs or {}
        for place, argument in enumerate(func._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                given = args[place] if place < len(args) else kwargs.get(argument.name)
                for tensor in tree_leaves(given):
                    if isinstance(tensor, torch.Tensor):
                        whole = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())  # type: ignore[call-overload]
                        self.before.setdefault(whole.data_ptr(), (whole, whole.clone()))
        out = func(*args, **kwargs)
        self.done.append((func, args, kwargs, out))
        return out

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, out in self.done:
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def record(function: Callable[[], Any], generators: Any) -> tuple[Callable[[], None], Any]:
    """What `captured._record` does on a card."""
    states = [generator.get_state() for generator in generators]
    with Tape() as tape:
        outputs = function()
    for whole, then in tape.before.values():
        whole.copy_(then)
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
    return tape.replay, outputs

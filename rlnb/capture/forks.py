"""A process that forks: the parent records on; the child steps bare ones and touches nothing of the parent's."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

from rlnb import hook


class Guarded(Protocol):
    """What forgets in a forked child."""

    def forget(self) -> None: ...


_guarded: weakref.WeakSet[Guarded] = weakref.WeakSet()


def guard(one: Guarded) -> None:
    """Have it forget in every child that this process forks."""
    _guarded.add(one)


def _in_child() -> None:
    hook.listen(None)  # what algorithms say there is nobody's: no page is answered, no session begun
    for one in list(_guarded):
        one.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

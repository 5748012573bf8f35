"""What a fork of the process may do to an open store: nothing.

SQLite connections must not cross a fork, not even to be closed. Around a fork the writer stands still; the child gets
fresh locks, no writer thread, and never touches (nor frees) the parent's connections. It may read through its own.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from typing import Any, Protocol


class Forkable(Protocol):
    """A store, as far as a fork is concerned."""

    def before_fork(self) -> None: ...
    def after_fork(self) -> None: ...
    def born_by_fork(self) -> list[sqlite3.Connection | None]: ...


_stores: weakref.WeakSet[Any] = weakref.WeakSet()
_held: list[Forkable] = []
_leaked: list[sqlite3.Connection | None] = []  # the parent's: freeing one would close it


def guard(store: Forkable) -> None:
    """Keep a store safe from forks for as long as it lives."""
    _stores.add(store)


def _before() -> None:
    for store in list(_stores):
        store.before_fork()
        _held.append(store)


def _in_parent() -> None:
    while _held:
        _held.pop().after_fork()


def _in_child() -> None:
    while _held:
        _leaked.extend(_held.pop().born_by_fork())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)

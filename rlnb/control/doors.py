"""The doors a user comes in by: install, watch, `with rlnb.session(...)`, use."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from rlnb.control.home import as_store_path
from rlnb.control.room import Room
from rlnb.control.session import Session
from rlnb.errors import BadValue

Env = TypeVar("Env")

_room: Room | None = None


def the_room() -> Room:
    """The control room of this process, opened at first use."""
    global _room
    if _room is None:
        from rlnb.kernel import Notebook

        _room = Room(notebook=Notebook.current())
        _room.open()
    return _room


def install() -> None:
    """Record every environment that Gymnasium makes from here on (what `%load_ext rlnb` does).

    A worker process that `spawn` or `forkserver` began runs the script's module again, and this line with it: there it
    does nothing, since the parent has the worker's environment recorded.
    """
    caller = sys._getframe(1)
    if caller.f_globals.get("__name__") == "__mp_main__" and caller.f_code.co_name == "<module>":
        return
    the_room().desk.capture.install()


def uninstall() -> None:
    """End what runs and give back everything that was replaced (what `%unload_ext rlnb` does)."""
    global _room
    if _room is not None:
        _room.close()
        _room = None


def watch(
    env: Env,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: tuple[str, ...] = (),
    exact: bool = False,
) -> Env:
    """Record `env`, and return it: the same object.

    `name`, `params` and `tags` are those of the session that its next steps begin. `exact=True` is for BipedalWalker,
    whose physics carry something over from episode to episode: each then begins in a new world and can be replayed to
    the bit. Its trajectories are no longer those that the same seed gives without it.
    """
    room = the_room()
    watched: Env = room.desk.capture.watch(env, exact=exact)
    said = {"name": name, "params": None if params is None else dict(params), "tags": tuple(tags)}
    room.desk.given.update({key: value for key, value in said.items() if value})
    return watched


@contextlib.contextmanager
def session(
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: tuple[str, ...] = (),
    seed: int | None = None,
    total_steps: int | None = None,
) -> Iterator[Session]:
    """Record what the block steps as one session, never a scratch one.

    >>> import rlnb
    >>> with rlnb.session("dqn-wide", params={"lr": 1e-3}, seed=0) as s:   # doctest: +SKIP
    ...     train()
    """
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise BadValue(f"rlnb.session(name={name!r}): a name is a text that is not empty.")
    room = the_room()
    block = room.desk.block(name=name, params=params, tags=tuple(tags), seed=seed, total_steps=total_steps)
    with block as running:
        yield Session(room, running.id)


def use(path: str | os.PathLike[str]) -> None:
    """Keep the sessions in another place: a folder or a `.sqlite` file."""
    the_room().use(as_store_path(path))

"""After a cell: which environments were stepped in it and are not recorded, with the line that would record them.

Nothing is asked of the steps themselves. A look at the notebook's variables between two cells compares what each
unrecorded environment holds (its numbers, its small arrays, its random state) with what it held before: an environment
that was stepped or reset has moved.
"""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np

SMALL = 4096  # bytes of an array that is compared
HOLDERS = ("env", "environment", "eval_env", "train_env")  # attributes of an agent or a trainer that hold one
STEPS = re.compile(r"\.(step|learn|train|fit|reset)\(|\btrain\w*\(")

OLD = (
    "{name} is the old gym ({version}), which rlnb does not record. Change the line to:  import gymnasium as gym\n"
    "      reset() then returns (observation, info), and step() returns five values: observation, reward, terminated, "
    "truncated, info."
)


class Unseen:
    """Remembers what unrecorded environments held at the last look."""

    def __init__(self, knows: Callable[[Any], bool]) -> None:
        self._knows = knows
        self._held: dict[int, tuple[weakref.ref[Any], int]] = {}

    def look(self, namespace: Mapping[str, Any], source: str | None = None) -> list[str]:
        """A line for each environment that has moved since the last look; `source` is the cell's."""
        said: list[str] = []
        held: dict[int, tuple[weakref.ref[Any], int]] = {}
        for name, value in list(namespace.items()):
            if name.startswith("_"):
                continue
            old = _old_gym(value)
            if old is not None:
                said.append(OLD.format(name=f"`{name}`", version=old))
                continue
            for path, env in _environments(name, value):
                if self._knows(env):
                    continue
                now = _holds(env)
                before = self._held.get(id(env))
                moved = before[1] != now if before and before[0]() is env else _begun(env, source)
                held[id(env)] = (weakref.ref(env), now)
                if moved:
                    said.append(_line(path, env))
        self._held = held
        return said


def old_gym(env: Any) -> str | None:
    """In words, that `env` is one of the old gym; None if it is not."""
    version = _old_gym(env)
    return None if version is None else OLD.format(name="This environment", version=version)


def _old_gym(value: Any) -> str | None:
    """The version of the old gym, if `value` is that package or an environment of it."""
    gym = sys.modules.get("gym")
    if gym is None or getattr(gym, "__name__", "") != "gym" or not hasattr(gym, "Env"):
        return None
    if value is gym if isinstance(value, ModuleType) else isinstance(value, gym.Env):
        return str(getattr(gym, "__version__", "unknown version"))
    return None


def _environments(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """(how it is written, environment): the variable itself, what an agent or a list in it holds."""
    if isinstance(value, gymnasium.Env):
        yield name, value
    elif isinstance(value, list | tuple) and len(value) <= 256:
        yield from ((f"{name}[{i}]", one) for i, one in enumerate(value) if isinstance(one, gymnasium.Env))
    elif isinstance(value, Mapping | ModuleType | type | np.ndarray):
        return
    elif isinstance(own := getattr(value, "__dict__", None), dict):
        for key in HOLDERS:
            if isinstance(own.get(key), gymnasium.Env):
                yield f"{name}.{key}", own[key]
        envs = own.get("envs")
        for i, one in enumerate(envs if isinstance(envs, list | tuple) else ()):
            if isinstance(one, gymnasium.Env):
                yield f"{name}.envs[{i}]", one


def _holds(env: Any) -> int:
    """A number that changes when the environment moves."""
    parts: list[Any] = []
    layer = env
    while True:
        for key, value in list(vars(layer).items()):
            if isinstance(value, bool | int | float | str | np.generic):
                parts.append((key, repr(value)))
            elif isinstance(value, np.ndarray) and value.nbytes <= SMALL and value.dtype != object:
                parts.append((key, value.tobytes()))
            elif isinstance(value, np.random.Generator):
                parts.append((key, repr(value.bit_generator.state)))
            elif isinstance(value, list | tuple | dict) and len(value) <= 64:
                parts.append((key, repr(value)[:SMALL]))
        inner = vars(layer).get("env") if isinstance(layer, gymnasium.Wrapper) else None
        if inner is None:
            return hash(tuple(parts))
        layer = inner


def _begun(env: Any, source: str | None) -> bool:
    """Whether an environment seen for the first time has been reset: its generator is made then."""
    if source is None or not STEPS.search(source):
        return False
    return vars(env.unwrapped).get("_np_random") is not None or ".step(" in source


def _line(path: str, env: Any) -> str:
    kind = type(env.unwrapped).__name__
    why = "" if env.unwrapped.spec is not None else ", since gymnasium.make did not make it"
    assign = f"{path} = " if path.isidentifier() else ""
    return f"`{path}` ({kind}) was stepped and is not recorded{why}. To record it:  {assign}rlnb.watch({path})"

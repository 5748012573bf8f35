"""The doors that vector environments come in by: `gymnasium.make_vec`, hooked as `gymnasium.make` is (see `door`)."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from gymnasium.envs import registration

_seen: Callable[[Any], None] | None = None
_code: types.CodeType | None = None
_bare: Callable[..., Any] = registration.make_vec


def install(seen: Callable[[Any], None]) -> None:
    """Show every vector environment that `gymnasium.make_vec` returns to `seen`."""
    global _seen, _code, _bare
    _seen = seen
    if _code is not None:
        return
    make: Any = registration.make_vec
    _code = make.__code__
    bare: Any = types.FunctionType(_code, make.__globals__, make.__name__, make.__defaults__, make.__closure__)
    bare.__kwdefaults__ = make.__kwdefaults__
    _bare = bare
    make.__code__ = stand_in(make, "rlnb.capture.vector_door", "made")


def uninstall() -> None:
    """Give `gymnasium.make_vec` its own code object back."""
    global _seen, _code
    make: Any = registration.make_vec
    if _code is not None:
        make.__code__ = _code
    _seen = _code = None


def made(*args: Any, **kwargs: Any) -> Any:
    """What `gymnasium.make_vec` does while it is hooked."""
    env = _bare(*args, **kwargs)
    if _seen is not None:
        _seen(env)
    return env


def stand_in(function: Any, module: str, name: str) -> types.CodeType:
    """Code with the signature of `function` that hands its arguments to `name` of `module`."""
    named, given = [], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            named.append(f"**{parameter.name}")
            given.append(f"**{parameter.name}")
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            named.append(parameter.name)
            given.append(parameter.name)
        else:
            raise RuntimeError(f"{function.__name__} has a parameter of a kind that rlnb does not know: {parameter}")
    call = f" from {module} import {name}\n return {name}({', '.join(given)})"
    space: dict[str, Any] = {}
    exec(f"def {function.__name__}({', '.join(named)}):\n{call}", space)
    code: types.CodeType = space[function.__name__].__code__
    old = function.__code__
    return code.replace(co_filename=old.co_filename, co_firstlineno=old.co_firstlineno)

"""The door that environments come in by: `gymnasium.make`, hooked by exchanging its code.

`gymnasium.make` is one function object under many names: `from gymnasium import make` may have been said long before
rlnb was loaded, and `spec.make()` knows it from inside. Another function in its place would be missed by all of these;
another code object inside the same function is seen by each. Uninstalling puts the very code object back.
"""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Callable
from typing import Any

from gymnasium.envs import registration

from rlnb.capture.retired import advise

_seen: Callable[[Any], None] | None = None
_code: types.CodeType | None = None
_bare: Callable[..., Any] = registration.make
_depth = threading.local()


def installed() -> bool:
    """Whether `gymnasium.make` is hooked."""
    return _code is not None


def install(seen: Callable[[Any], None]) -> None:
    """Show every environment that `gymnasium.make` returns to `seen`."""
    global _seen, _code, _bare
    _seen = seen
    if _code is not None:
        return
    make: Any = registration.make
    code: types.CodeType = make.__code__
    bare: Any = types.FunctionType(code, make.__globals__, make.__name__, make.__defaults__, make.__closure__)
    bare.__kwdefaults__ = make.__kwdefaults__
    _bare, _code = bare, code
    make.__code__ = _stand_in(make)


def uninstall() -> None:
    """Give `gymnasium.make` its own code object back."""
    global _seen, _code
    make: Any = registration.make
    if _code is not None:
        make.__code__ = _code
    _seen = _code = None


def made(*args: Any, **kwargs: Any) -> Any:
    """What `gymnasium.make` does while it is hooked. A `make` inside a `make` is not shown: nothing is seen twice."""
    depth = getattr(_depth, "value", 0)
    _depth.value = depth + 1
    try:
        env = _bare(*args, **kwargs)
    except Exception as error:
        if depth == 0:
            advise(error, kwargs.get("id", args[0] if args else None))
        raise
    finally:
        _depth.value = depth
    if depth == 0 and _seen is not None:
        _seen(env)
    return env


def _stand_in(make: Any) -> types.CodeType:
    """Code with the signature of `make` that hands its arguments to `made`."""
    named, given = [], []
    for parameter in inspect.signature(make).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            named.append(f"**{parameter.name}")
            given.append(f"**{parameter.name}")
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            named.append(parameter.name)
            given.append(parameter.name)
        else:
            raise RuntimeError(f"gymnasium.make has a parameter of a kind that rlnb does not know: {parameter}")
    source = f"def make({', '.join(named)}):\n from rlnb.capture.door import made\n return made({', '.join(given)})"
    space: dict[str, Any] = {}
    exec(source, space)
    code: types.CodeType = space["make"].__code__
    old = make.__code__
    return code.replace(co_filename=old.co_filename, co_firstlineno=old.co_firstlineno)

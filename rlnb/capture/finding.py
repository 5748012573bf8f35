"""Environments that were there before the recorder: found among all living objects, at the level that `make` returns.

The process is searched once, when the extension is loaded (0.05 s for 300,000 objects). What is found is recorded as if
it had been made a moment ago; the episode that it is in says that its reset was not seen, the next can be replayed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from typing import Any

BEFORE = "made before rlnb was loaded"
LAYERS = frozenset({"TimeLimit", "OrderEnforcing", "PassiveEnvChecker"})  # what `make` puts on, outermost first


def living() -> tuple[list[Any], list[Any]]:
    """(environments that `make` returned, native vector environments) that live now."""
    import gymnasium

    single, vector = _family(gymnasium.Env), _family(gymnasium.vector.VectorEnv)
    if not single and not vector:
        return [], []
    objects = [one for one in gc.get_objects() if type(one) in single or type(one) in vector]
    found: dict[int, Any] = {}
    for env in objects:
        layer = made_by_make(env) if type(env) in single else None
        if layer is not None:
            found[id(layer)] = layer
    inside = {id(vars(env).get("env")) for env in found.values()}
    return (
        [layer for layer in found.values() if id(layer) not in inside],
        [env for env in objects if type(env) in vector and getattr(env, "spec", None) is not None],
    )


def made_by_make(env: Any) -> Any:
    """The layer of `env` that `gymnasium.make` returned; None for one that was built directly."""
    import gymnasium

    layer = env
    while isinstance(layer, gymnasium.Wrapper):
        inner = vars(layer).get("env")
        if inner is None:
            return None  # a wrapper whose own __init__ failed half way
        if type(layer).__name__ in LAYERS and type(layer).__module__.startswith("gymnasium."):
            break
        layer = inner
    try:
        return layer if layer.unwrapped.spec is not None else None
    except Exception:
        return None


def named(layer: Any, namespace: Mapping[str, Any]) -> str:
    """Where an environment that was there before was made, as far as that can be told: the variable that holds it."""
    for name, value in list(namespace.items()):
        if not name.startswith("_") and any(one is layer for one in _down(value)):
            return f"{name}, {BEFORE}"
    return BEFORE


def main_namespace() -> Mapping[str, Any]:
    """The variables of the notebook or script."""
    return vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}


def _down(value: Any) -> Iterator[Any]:
    import gymnasium

    while isinstance(value, gymnasium.Env):
        yield value
        value = vars(value).get("env") if isinstance(value, gymnasium.Wrapper) else None


def _family(base: type) -> set[type]:
    """`base` and all classes that derive from it."""
    family: set[type] = set()
    new: list[Any] = [base]
    while new:
        cls = new.pop()
        if cls not in family:
            family.add(cls)
            new.extend(type.__subclasses__(cls))
    return family

"""Hyper-parameters, picked up without asking: from the algorithm that is learning, or from a dict in the notebook."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import inspect
import re
import sys
import types
from collections.abc import Mapping
from types import FrameType
from typing import Any

from rlnb.capture import place

NAMES = ("params", "config", "args", "hyperparameters", "hparams", "cfg")
ALGORITHMS = ("stable_baselines3.", "sb3_contrib.", "rlnb.agents.")
REPRS = ("rlnb.agents.schedules", "stable_baselines3.common.utils", "stable_baselines3.common.noise")
OTHERS = place.LIBRARIES | {"torch", "numpy", "tqdm"}  # whose variables are nobody's settings
ENDS = frozenset({"IPython", "ipykernel", "threading", "concurrent", "multiprocessing", "runpy", "_pytest", "asyncio"})
LONGEST = 200  # characters of a value that is worth keeping


def plain(value: Any) -> Any:
    """`value` as something a table can show, or None where it is no setting (a function, a tensor, an object)."""
    try:
        return _plain(value)
    except Exception:  # somebody's object that answers questions with errors
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) or len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, type):  # activation_fn=nn.ReLU
        return value.__name__
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # a NamedTuple, such as train_freq becomes
        return as_params(value) or None
    if isinstance(value, list | tuple) and len(value) <= 16:
        items = [plain(item) for item in value]
        return None if any(item is None for item in items) else items
    if isinstance(value, Mapping):
        return as_params(value) or None
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        return value.item()
    schedule = getattr(value, "value_schedule", value)  # what clip_range=0.1 becomes
    if _of(schedule, "stable_baselines3.common.utils") and hasattr(schedule, "val"):
        return plain(schedule.val)
    if _of(schedule, *REPRS):  # Linear(0.5, 0.0), NormalActionNoise(mu=[0.], sigma=[0.1])
        return repr(schedule)[:LONGEST]
    if hasattr(value, "state_dict") and callable(getattr(value, "parameters", None)):  # a network of one's own
        return f"{type(value).__name__}, {sum(int(p.numel()) for p in value.parameters()):,} weights"
    return None


def _of(value: Any, *modules: str) -> bool:
    """Whether the class of `value`, or one that it derives from, is of one of these modules."""
    return any(kind.__module__ in modules for kind in type(value).__mro__)


def as_params(thing: Any) -> dict[str, Any]:
    """The settings in a dict, a dataclass instance, a namespace or a NamedTuple; empty for anything else."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        thing = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    elif isinstance(thing, argparse.Namespace | types.SimpleNamespace):
        thing = vars(thing)
    elif isinstance(thing, tuple) and hasattr(thing, "_asdict"):
        thing = thing._asdict()
    if not isinstance(thing, Mapping):
        return {}
    try:
        kept = {str(key): plain(value) for key, value in thing.items()}
    except Exception:  # a mapping that cannot be walked through
        return {}
    return {key: value for key, value in kept.items() if value is not None}


def vars_of(thing: Any) -> Any:
    """The attributes of an object, without asking it."""
    try:
        return object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}


def on_the_stack(frame: FrameType | None) -> dict[str, Any]:
    """The `params` (or `config`, `args` ...) that the person's code on the stack has at hand, innermost first: its own
    variables, those of its `self`, and globals that it names; {} where it has none."""
    while frame is not None:
        module, code = str(frame.f_globals.get("__name__", "")).partition(".")[0], frame.f_code
        if module in ENDS:
            break
        if module not in OTHERS:
            inside = code.co_name != "<module>"
            # Reading the variables of a function keeps them alive until it returns: only where it has such a one.
            own = frame.f_locals if inside and not {*NAMES, "self"}.isdisjoint(code.co_varnames) else {}
            named = {name: frame.f_globals[name] for name in code.co_names if name in frame.f_globals}
            for holder in (own, vars_of(own.get("self")), named):
                for name in NAMES:
                    if found := as_params(holder.get(name)):
                        return found
            for holder in named.values():  # agent.config
                if isinstance(holder, type | types.ModuleType) or not isinstance(vars_of(holder), dict):
                    continue
                for name in NAMES:
                    if found := as_params(vars_of(holder).get(name)):
                        return found
            if not inside:
                break
        frame = frame.f_back
    return {}


def from_namespace(namespace: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The `params` (or `config`, `args` ...) of a notebook that the cell names, or else a function that it calls."""
    words = set(re.findall(r"\w+", source))
    called = [getattr(getattr(namespace.get(word), "__code__", None), "co_names", ()) for word in words]
    for names in (words, {name for some in called for name in some}):
        for name in NAMES:
            if name in names and (found := as_params(namespace.get(name))):
                return found
    return {}


def learner(frame: FrameType | None = None) -> Any | None:
    """The algorithm whose `learn` is on the stack of the stepping thread, outermost first."""
    found = None
    frame = frame or sys._getframe()
    while frame is not None:
        owner = frame.f_locals.get("self") if "self" in frame.f_code.co_varnames else None
        if owner is not None and frame.f_code.co_name == "learn" and type(owner).__module__.startswith(ALGORITHMS):
            found = owner
        frame = frame.f_back
    return found


def of_learner(algorithm: Any) -> dict[str, Any]:
    """The constructor arguments of an algorithm that it still carries as attributes of the same name."""
    params: dict[str, Any] = {"algorithm": type(algorithm).__name__}
    config = as_params(getattr(algorithm, "config", None))
    if config:
        return {**params, **config}
    for kind in type(algorithm).__mro__:
        if not kind.__module__.startswith(ALGORITHMS) or "__init__" not in vars(kind):
            continue
        for name, parameter in inspect.signature(vars(kind)["__init__"]).parameters.items():
            if name in params or name in ("self", "env", "verbose", "device", "_init_setup_model"):
                continue
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            value = plain(getattr(algorithm, name, None))
            if value is not None:
                params[name] = value
        break
    return params

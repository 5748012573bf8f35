"""How to make an environment again: its spec as JSON where that says everything, else a pickle by value."""

from __future__ import annotations

import base64
import functools
import pickle
import warnings
from typing import Any

import gymnasium

from rlnb.capture import actions, hooked, starts
from rlnb.trace import Recipe

MOST = 16 * 2**20  # bytes of a pickle that is kept


def spec_of(env: Any) -> Any:
    """`env.spec`, without the copies that reading it leaves in each wrapper."""
    layers = []
    layer = env
    while isinstance(layer, gymnasium.Wrapper):
        if getattr(layer, "_cached_spec", 0) is None:
            layers.append(layer)
        layer = layer.env
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return env.spec
    except Exception:
        return None
    finally:
        for layer in layers:
            layer._cached_spec = None


def name_of(env: Any) -> str:
    """ "CartPole-v1", or the class name of an environment that was built directly."""
    spec = getattr(env.unwrapped, "spec", None)
    return str(spec.id) if spec is not None else type(env.unwrapped).__name__


def urgent(env: Any) -> bool:
    """Whether the recipe must be written at once: it holds a class of the notebook, which a cell may redefine."""
    spec = getattr(env.unwrapped, "spec", None)
    if spec is None:
        return True
    entry = spec.entry_point
    return callable(entry) or str(entry).startswith("__main__:") or any(map(callable, spec.kwargs.values()))


def recipe_of(env: Any) -> Recipe:
    """The recipe of the outermost environment that `make` returned (or that `watch` was given)."""
    spec = spec_of(env)
    every, check_ram, checked = hooked.checking(env)
    form = actions.form(getattr(env, "action_space", None))
    metadata = getattr(env, "metadata", None) or {}
    recipe: Recipe = {
        "env_id": name_of(env),
        "spec": None,
        "pickled": None,
        "why_not": None if form in ("plain", "flat") else form,
        "snapshot": starts.kind(env.unwrapped),
        "actions": form if form in ("plain", "flat") else "none",
        "checked": checked,
        "check_every": every,
        "check_ram": check_ram,
        "fps": metadata.get("render_fps"),
        "action_names": _action_names(env),
        "reward_threshold": getattr(spec, "reward_threshold", None),
        "max_episode_steps": getattr(spec, "max_episode_steps", None),
    }
    if recipe["why_not"] is not None:
        return recipe
    recipe["spec"] = None if spec is None else _as_json(spec)
    if recipe["spec"] is None:
        try:
            recipe["pickled"] = _pickled(env, spec)
        except Exception as error:
            words = str(error).splitlines()[0] if str(error) else type(error).__name__
            recipe["why_not"] = f"{recipe['env_id']} cannot be described or pickled ({words}), so it cannot be remade"
    return recipe


def _as_json(spec: Any) -> str | None:
    """The spec as text, if reading it back gives the same spec (a class, an array or a tuple in it would be lost)."""
    if str(spec.entry_point).startswith("__main__:"):
        return None
    try:
        text: str = spec.to_json()
        return text if gymnasium.envs.registration.EnvSpec.from_json(text) == spec else None
    except Exception:
        return None


def _pickled(env: Any, spec: Any) -> str:
    import cloudpickle

    if spec is None:
        factory: Any = functools.partial(pickle.loads, cloudpickle.dumps(env))
    else:
        if any(wrapper.kwargs is None for wrapper in spec.additional_wrappers):
            raise ValueError("a wrapper around it keeps no record of its arguments")
        if str(spec.entry_point).startswith("__main__:"):
            spec.entry_point = gymnasium.envs.registration.load_env_creator(spec.entry_point)
        spec.kwargs.pop("render_mode", None)
        factory = functools.partial(gymnasium.make, spec, disable_env_checker=True)
    blob = cloudpickle.dumps(factory)
    if len(blob) > MOST:
        raise ValueError(f"its pickle has {len(blob) / 2**20:.0f} MB, more than the {MOST // 2**20} MB that are kept")
    return base64.b64encode(blob).decode()


def _action_names(env: Any) -> list[str] | None:
    meanings = getattr(env.unwrapped, "get_action_meanings", None)
    try:
        return [str(name) for name in meanings()] if callable(meanings) else None
    except Exception:
        return None

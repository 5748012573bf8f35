"""From a recipe to a fresh environment, set to where the recorded episode began. Runs in the worker only."""

from __future__ import annotations

import base64
import functools
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlnb.errors import MissingPackage, NotReplayable, RlnbError
from rlnb.replays.lane_env import LaneEnv
from rlnb.trace import Trace, unpack_start

# module that an environment imports -> (package as people know it, what to install)
INSTALLS = {
    "pygame": ("pygame", '"rlnb[render]"'),
    "Box2D": ("Box2D", '"gymnasium[box2d]"'),
    "swig": ("Box2D", '"gymnasium[box2d]"'),
    "mujoco": ("mujoco", '"gymnasium[mujoco]"'),
    "ale_py": ("ale-py", '"gymnasium[atari]"'),
    "cv2": ("opencv-python", "opencv-python"),
    "jax": ("jax", '"gymnasium[jax]"'),
}
GL_SIGNS = ("opengl", "egl", "osmesa", "glcontext", "glfw", "libgl", "framebuffer", "gladloadgl")


class NoGL(RlnbError):
    """OpenGL could not be had; the client tries the next back end."""


def make(recipe: Mapping[str, Any], render_mode: str | None, trace: Trace | None = None) -> Any:
    """A fresh environment by `recipe` (with `trace`, also a lane of a vector environment).

    Raises `NotReplayable` or `MissingPackage` in words.
    """
    import gymnasium

    if recipe.get("why_not"):
        raise NotReplayable(str(recipe["why_not"]))
    name = recipe.get("env_id") or "the environment"
    try:
        if recipe.get("vector") and trace is not None:
            return LaneEnv(trace, render_mode)
        if recipe.get("pickled"):
            return _from_factory(recipe, render_mode)
        if not recipe.get("spec"):
            raise NotReplayable(f"{name} left no description from which it could be made again.")
        from gymnasium.envs.registration import EnvSpec, load_env_creator

        spec = EnvSpec.from_json(str(recipe["spec"]))
        spec.kwargs.pop("render_mode", None)
        if isinstance(spec.kwargs.get("frameskip"), list):  # JSON has no tuples, and ALE tells them apart
            spec.kwargs["frameskip"] = tuple(spec.kwargs["frameskip"])
        if isinstance(spec.entry_point, str):
            load_env_creator(spec.entry_point)
        _quiet_mujoco()
        return _drawing(functools.partial(gymnasium.make, spec, disable_env_checker=True), render_mode)
    except RlnbError:
        raise
    except Exception as error:
        known = in_words(error, f"Replaying {name}", render_mode is not None)
        if known is not None:
            raise known from error
        if isinstance(error, ModuleNotFoundError | AttributeError):
            raise NotReplayable(
                f"{name} is defined only in the process that recorded it: the replay process cannot import it "
                f"({error}). Put the class into a module, or define it in the notebook before it is made."
            ) from error
        raise NotReplayable(f"{name} could not be made again: {type(error).__name__}: {error}") from error


def _drawing(make: Callable[..., Any], render_mode: str | None) -> Any:
    """What `make` makes, with a render mode; a class that takes none may yet draw."""
    if render_mode is None:
        return make()
    try:
        return make(render_mode=render_mode)
    except TypeError as error:
        if "unexpected keyword argument 'render_mode'" not in str(error):
            raise
    env = make()
    env.unwrapped.render_mode = render_mode
    return env


def _from_factory(recipe: Mapping[str, Any], render_mode: str | None) -> Any:
    """The environment of a pickled factory: `gymnasium.make` of a spec, a class, or a pickled environment itself."""
    import cloudpickle
    import gymnasium
    from gymnasium.wrappers import TimeLimit

    factory = cloudpickle.loads(base64.b64decode(str(recipe["pickled"])))
    _quiet_mujoco()
    if isinstance(factory, functools.partial) and factory.func is gymnasium.make:
        env = _drawing(factory, render_mode)
    else:
        env = factory()
        env.unwrapped.render_mode = render_mode
    limit = recipe.get("max_episode_steps")
    if limit and not _limited(env):
        env = TimeLimit(env, int(limit))
    return env


def _quiet_mujoco() -> None:
    """Keep MuJoCo from writing its warnings into a MUJOCO_LOG.TXT in the person's folder."""
    mujoco = sys.modules.get("mujoco")
    if mujoco is not None and hasattr(mujoco, "set_mju_user_warning"):
        mujoco.set_mju_user_warning(lambda message: None)


def _limited(env: Any) -> bool:
    from gymnasium.wrappers import TimeLimit

    while env is not env.unwrapped:
        if isinstance(env, TimeLimit):
            return True
        env = env.env
    return False


def begin(env: Any, start: bytes) -> tuple[Any, dict[str, Any]]:
    """Put `env` where the recorded one stood before its reset, and reset it."""
    if isinstance(env, LaneEnv):
        return env.begin(start)
    head, body = unpack_start(start)
    if head.get("why_not"):
        raise NotReplayable(str(head["why_not"]))
    rng = head.get("rng")
    if rng is not None:
        set_rng(env.unwrapped, rng)
    if head.get("jax") is not None:
        env.unwrapped.rng = importlib.import_module("jax").numpy.asarray(np.array(head["jax"], np.uint32))
    if body:
        _restore_emulator(env.unwrapped, body)
    options = head.get("options")
    observation, info = env.reset(seed=head.get("seed"), options=options)
    return observation, dict(info)


def set_rng(env: Any, state: Mapping[str, Any]) -> None:
    """Give `env.np_random` the recorded state; another kind of bit generator is made anew."""
    state = _arrays(state)
    kind = str(state["bit_generator"])
    if type(env.np_random.bit_generator).__name__ != kind:
        env.np_random = np.random.Generator(getattr(np.random, kind)())
    env.np_random.bit_generator.state = state


def _arrays(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _arrays(item) for key, item in value.items()}
    return np.asarray(value, dtype=np.uint64) if isinstance(value, list) else value


def _restore_emulator(env: Any, body: bytes) -> None:
    ale_py = importlib.import_module("ale_py")
    state = ale_py.ALEState.__new__(ale_py.ALEState)
    state.__setstate__(body)
    env.ale.restoreState(state)


def missing_package(error: BaseException, feature: str) -> MissingPackage | None:
    """The words for a package that is not there, if that is what `error` says."""
    import gymnasium

    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            module = seen.name.partition(".")[0]
            if module in INSTALLS:
                return MissingPackage(feature, *INSTALLS[module])
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, gymnasium.error.DependencyNotInstalled):
        text = str(error).lower()
        for module, found in INSTALLS.items():
            if module.lower() in text:
                return MissingPackage(feature, *found)
    return None


def in_words(error: BaseException, feature: str, drawing: bool) -> RlnbError | None:
    """A missing package or, while `drawing`, a machine without OpenGL, in words; None for any other error."""
    missing = missing_package(error, feature)
    if missing is not None:
        return missing
    text = f"{type(error).__name__}: {error}"
    if drawing and any(sign in text.lower() for sign in GL_SIGNS):
        return NoGL(text)
    return None


def explain(error: BaseException) -> tuple[str, tuple[Any, ...]]:
    """An error as (name, arguments) for the wire: those that the client knows by name, the rest as words."""
    if isinstance(error, MissingPackage):
        return "MissingPackage", (str(error),)
    if isinstance(error, RlnbError):
        return type(error).__name__, tuple(str(a) for a in error.args)
    return "NotReplayable", (f"the replay failed: {type(error).__name__}: {error}",)

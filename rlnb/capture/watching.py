"""What `rlnb.watch` does with a vector environment (Gymnasium's, native or not, or one of Stable-Baselines3), and with
what is no environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import gymnasium

from rlnb.capture.unseen import old_gym
from rlnb.errors import BadValue

if TYPE_CHECKING:
    from rlnb.capture.capture import Capture

TOO_LATE = (
    "rlnb.watch({name}): its environments run in worker processes that were started before rlnb recorded, and nothing "
    "can be put into them from here. Make it after `%load_ext rlnb` (or rlnb.install()), and it is recorded by itself."
)


def watch_vector(capture: Capture, env: Any, where: str, name: str | None) -> bool:
    """Record all lanes of `env`, those that are not recorded yet; False if it is no vector environment."""
    if isinstance(env, gymnasium.vector.VectorEnv):
        bare = env.unwrapped
        inside = bare.envs if isinstance(bare, gymnasium.vector.SyncVectorEnv) else None
        if inside is None and not isinstance(bare, gymnasium.vector.AsyncVectorEnv):
            capture.add_vector(bare, where, name, at_once=True)
            return True
    elif _is_of_stable_baselines(env):
        bare = env
        while hasattr(bare, "venv"):  # VecNormalize, VecFrameStack, VecMonitor ...
            bare = bare.venv
        inside = getattr(bare, "envs", None)
    else:
        return False
    if inside is not None:
        for one in inside:
            capture.watch(one, name)
    elif not capture.children.knows(bare):
        if getattr(bare, "processes", None):
            raise BadValue(TOO_LATE.format(name=type(bare).__name__))
        raise BadValue(
            f"rlnb.watch({type(bare).__name__}): it keeps its environments where they cannot be found (it has no "
            "`envs`). Watch each of them before you put them into it."
        )
    return True


def _is_of_stable_baselines(env: Any) -> bool:
    module = sys.modules.get("stable_baselines3.common.vec_env.base_vec_env")
    return module is not None and isinstance(env, module.VecEnv)


def refuse_others(env: Any) -> None:
    """Raise BadValue, in words, for what is no environment."""
    if isinstance(env, gymnasium.Env):
        return
    old = old_gym(env)
    if old is not None:
        raise BadValue(f"rlnb.watch: {old}")
    raise BadValue(
        f"rlnb.watch({type(env).__name__}): this is no gymnasium.Env, no gymnasium.vector.VectorEnv and no "
        "VecEnv of Stable-Baselines3. Give it the environment that your loop steps."
    )

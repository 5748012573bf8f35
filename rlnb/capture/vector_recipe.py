"""How to make the lanes of a vector environment again."""

from __future__ import annotations

import base64
import functools
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium
from gymnasium import spaces

from rlnb.capture import recipe as single
from rlnb.capture.lane_spaces import plain
from rlnb.capture.vector_hook import mode_of
from rlnb.capture.vector_recorder import VectorRecorder
from rlnb.trace import Recipe

MOST = 16 * 2**20  # bytes of a pickle that is kept
ATTRIBUTES = (
    "gravity", "masscart", "masspole", "total_mass", "length", "polemass_length", "force_mag", "tau",
    "kinematics_integrator", "theta_threshold_radians", "x_threshold",
)  # fmt: skip


def name_of(env: Any) -> str:
    """ "CartPole-v1", or the class name of a vector environment that was built directly."""
    spec = getattr(env, "spec", None)
    return str(spec.id) if spec is not None else type(env).__name__


def recipe_of(env: Any, recorder: VectorRecorder) -> Recipe:
    """The recipe of a vector environment, the same for all its lanes."""
    spec = getattr(env, "spec", None)
    how = recorder.starts.how
    again = "a lane by itself" if how == "state" else "all lanes together"
    recipe: Recipe = {
        "env_id": name_of(env),
        "spec": None,
        "pickled": None,
        "why_not": None,
        "snapshot": "none",
        "actions": "plain",
        "checked": f"every reward and flag, the observation at every {recorder.every}th step of the vector environment "
        f"({again})",
        "fps": (getattr(env, "metadata", None) or {}).get("render_fps"),
        "reward_threshold": getattr(spec, "reward_threshold", None),
        "max_episode_steps": getattr(spec, "max_episode_steps", None),
        "vector": {"how": how, "lanes": recorder.lanes, "autoreset": mode_of(env)},
    }
    space = getattr(env, "single_action_space", None)
    if not plain(space):
        recipe["actions"] = "none"
        recipe["why_not"] = f"the actions of a vector environment ({type(space).__name__}) are not recorded"
    elif how == "state":
        recipe["vector"] = {**recipe["vector"], **_of_cart_pole(env)}  # type: ignore[dict-item]
    else:
        _describe(env, spec, recorder.again, recipe)
    return recipe


def recipe_of_lane(layer: Any, mode: str, every: int) -> Recipe:
    """The recipe of a lane that is an environment of its own, of which the vector environment's rows are recorded."""
    found = single.recipe_of(layer)
    found["checked"] = f"every reward, the observation at every {every}th step of the vector environment"
    found["check_ram"] = False
    found["check_lane"] = mode
    return found


def _of_cart_pole(env: Any) -> dict[str, Any]:
    cls = env.__class__
    return {
        "entry": f"{cls.__module__}:{cls.__qualname__}",
        "kwargs": {
            "max_episode_steps": int(env.max_episode_steps),
            "sutton_barto_reward": bool(env._sutton_barto_reward),
        },
        "attributes": {name: getattr(env, name) for name in ATTRIBUTES},
    }


def _describe(env: Any, spec: Any, again: Callable[[], Any] | None, recipe: Recipe) -> None:
    if spec is not None:
        try:
            text = spec.to_json()
            if gymnasium.envs.registration.EnvSpec.from_json(text) == spec:
                recipe["spec"] = text
                return
        except Exception:
            pass  # a class or an array in it: it is pickled
    try:
        recipe["pickled"] = _pickled(env, spec, again)
    except Exception as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        recipe["why_not"] = f"{recipe['env_id']} cannot be described or pickled ({words}), so it cannot be remade"


def _pickled(env: Any, spec: Any, again: Callable[[], Any] | None) -> str:
    import cloudpickle

    if spec is not None:
        factory: Any = functools.partial(gymnasium.make_vec, spec)
    elif again is not None:
        factory = again
    else:
        factory = functools.partial(pickle.loads, cloudpickle.dumps(env))
    blob = cloudpickle.dumps(factory)
    if len(blob) > MOST:
        raise ValueError(f"its pickle has {len(blob) / 2**20:.0f} MB, more than the {MOST // 2**20} MB that are kept")
    return base64.b64encode(blob).decode()


def whole(env: Any) -> str | None:
    """Why the steps of a vector environment cannot be told apart by lane; None if they can."""
    space, lanes = getattr(env, "observation_space", None), env.num_envs
    if getattr(env, "batch_size", lanes) != lanes:
        return f"its batch_size is {env.batch_size}, so that a step is not a step of all its {lanes} environments"
    if space is not None and not isinstance(space, spaces.Dict | spaces.Tuple) and space.shape[:1] != (lanes,):
        return f"its observations ({space.shape}) do not have its {lanes} environments as their first axis"
    return None

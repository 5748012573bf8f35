"""One lane of a vector environment, as an environment of its own. Runs in the worker only.

Either the lane is alone (`how` is "state": its state after the reset was recorded), or all lanes run again beside it
(`how` is "rerun") and only it is shown. `rlnb.trace` says what the recipe holds.
"""

from __future__ import annotations

import base64
import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import NotReplayable
from rlnb.trace import Trace, check_lanes, unpack_start


class LaneEnv:
    """Has what a replay asks of an environment: `step`, `render`, `close`, spaces, and `begin` instead of `reset`."""

    def __init__(self, trace: Trace, render_mode: str | None) -> None:
        recipe = trace.recipe
        self._trace = trace
        self._of: Mapping[str, Any] = recipe["vector"]
        self._alone = self._of["how"] == "state"
        self._column = 0
        self._row = 0
        self._seen: Any = None
        self.env = self._one_lane(render_mode) if self._alone else _all_lanes(recipe, render_mode)
        self.action_space = self.env.single_action_space
        self.observation_space = self.env.single_observation_space
        self.metadata = self.env.metadata
        self.spec = None

    @property
    def unwrapped(self) -> LaneEnv:
        """Itself: there is nothing below."""
        return self

    def begin(self, start: bytes) -> tuple[Any, dict[str, Any]]:
        """Bring the lane to where its episode began; returns the observation then."""
        head, body = unpack_start(start)
        if head.get("why_not"):
            raise NotReplayable(str(head["why_not"]))
        if self._alone:
            return self._set_state(body), {}
        return self._run_up(head), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the lane; the others do what they did."""
        if self._alone:
            actions = np.asarray([action], self.env.action_space.dtype)
        else:
            assert self._trace.company is not None
            actions = self._as_batch(self._trace.company[self._row])
        self._row += 1
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        k = self._column
        self._seen = _at(observations, k)
        if (terminated[k] or truncated[k]) and "final_obs" in infos:
            self._seen = infos["final_obs"][k]
        return _at(observations, k), float(rewards[k]), bool(terminated[k]), bool(truncated[k]), {}

    def render(self) -> Any:
        """The lane's own picture, or what it observes where that is one and nothing else is drawn."""
        if self.env.render_mode == "rgb_array":
            frames = self.env.render()
            return frames[self._column]
        seen = np.asarray(self._seen)
        if seen.dtype == np.uint8 and seen.ndim >= 2:
            return seen if seen.shape[-1] == 3 and seen.ndim == 3 else seen[-1]
        return None

    def close(self) -> None:
        """Let go of the lanes."""
        self.env.close()

    def _one_lane(self, render_mode: str | None) -> Any:
        module, _, name = str(self._of["entry"]).partition(":")
        env = getattr(importlib.import_module(module), name)(
            num_envs=1, render_mode=render_mode, **dict(self._of["kwargs"])
        )
        for attribute, value in self._of["attributes"].items():
            setattr(env, attribute, value)
        return env

    def _set_state(self, body: bytes) -> Any:
        self.env.reset(seed=0)
        self.env.state = np.frombuffer(body, np.float64).reshape(-1, 1).copy()
        self._seen = self.env.state.T.astype(np.float32)[0]
        return self._seen

    def _run_up(self, head: Mapping[str, Any]) -> Any:
        trace = self._trace
        if trace.company is None:
            raise NotReplayable(
                "all lanes of its vector environment would have to run again from their reset, which lies in an "
                "earlier session, or further back than what could be stored."
            )
        self._column = trace.column
        seed = head.get("seed")
        if head.get("rng") is not None:
            _set_rng(self.env, head["rng"])
        options = head.get("options")
        observations, _ = self.env.reset(seed=np.array(seed) if isinstance(seed, list) else seed, options=options)
        for actions in trace.company[: len(trace.company) - len(trace)]:
            observations, *_ = self.env.step(self._as_batch(actions))
        self._row = len(trace.company) - len(trace)
        self._seen = _at(observations, self._column)
        return self._seen

    def _as_batch(self, actions: NDArray[Any]) -> NDArray[Any]:
        space = self.env.action_space
        return np.asarray(actions, space.dtype) if space.dtype is not None else actions


def _all_lanes(recipe: Mapping[str, Any], render_mode: str | None) -> Any:
    import gymnasium
    from gymnasium.envs.registration import EnvSpec, load_env_creator

    if recipe.get("pickled"):
        import cloudpickle

        env = cloudpickle.loads(base64.b64decode(str(recipe["pickled"])))()
        if render_mode is not None and "rgb_array" in (env.metadata.get("render_modes") or ()):
            env.render_mode = render_mode
        return env
    spec = EnvSpec.from_json(str(recipe["spec"]))
    spec.kwargs.pop("render_mode", None)
    if isinstance(spec.vector_entry_point, str):
        creator: Any = load_env_creator(spec.vector_entry_point)
        modes = getattr(creator, "metadata", {}).get("render_modes") or ()
        if render_mode is not None and render_mode in modes:
            return gymnasium.make_vec(spec, render_mode=render_mode)
    return gymnasium.make_vec(spec)


def _set_rng(env: Any, state: Mapping[str, Any]) -> None:
    """Give the vector environment's own generator the recorded state."""
    kind = str(state["bit_generator"])
    env.np_random = np.random.Generator(getattr(np.random, kind)())
    env.np_random.bit_generator.state = dict(state)


def _at(observations: Any, lane: int) -> Any:
    if isinstance(observations, Mapping):
        return {key: _at(part, lane) for key, part in observations.items()}
    if isinstance(observations, tuple):
        return tuple(_at(part, lane) for part in observations)
    return observations[lane]


class LaneChecks:
    """What `rlnb.trace.Checks` is for single environments: the checksum of one lane's observation.

    `space` is given where the environment runs alone: the vector environment's rows have its dtype.
    """

    def __init__(self, space: Any = None) -> None:
        self._dtype = None if space is None else space.dtype

    def begin(self, observation: Any) -> int:
        """After the reset nothing is compared."""
        return 0

    def step(self, observation: Any, over: bool) -> int:
        """The checksum of this observation alone."""
        if self._dtype is not None:
            observation = np.asarray(observation, self._dtype)
        return int(check_lanes(_batch(observation), 1)[0])


def _batch(observation: Any) -> Any:
    if isinstance(observation, Mapping):
        return {key: _batch(part) for key, part in observation.items()}
    if isinstance(observation, tuple):
        return tuple(_batch(part) for part in observation)
    return np.asarray(observation)[None]

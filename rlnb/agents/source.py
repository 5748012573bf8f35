"""What a person gives as `env`, and the environments made like it: to learn in, side by side, and to be judged in."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv, VectorEnv, VectorWrapper

from rlnb.agents import running
from rlnb.agents.lanes import Lanes, ListLanes, VectorLanes

EnvLike = str | gym.Env[Any, Any] | VectorEnv[Any, Any, Any] | Callable[[], gym.Env[Any, Any]]
FOR_THE_VECTOR = ("num_envs", "vectorization_mode", "vector_kwargs", "wrappers", "max_episode_steps")
ONLOOKERS = ("RecordEpisodeStatistics", "RecordVideo", "HumanRendering", "DictInfoToList")  # they change no number


class Source:
    """What the person gave as `env`, and how to make it once more (for more lanes and for evaluation)."""

    def __init__(self, given: EnvLike) -> None:
        if not (isinstance(given, str | gym.Env | VectorEnv) or callable(given)):
            raise TypeError(
                f"env is {given!r}. It can be an id like 'CartPole-v1', an environment, a vector environment, "
                "or a function that makes an environment."
            )
        self.given = given
        spec = getattr(given, "spec", None)
        self.id: str | None = given if isinstance(given, str) else getattr(spec, "id", None)
        self.kwargs = self._arguments(spec)
        self.name = self.id or getattr(given, "__name__", type(given).__name__)
        self.model: gym.Env[Any, Any] | None = None  # the first that is learned in; None: they are not in reach
        self.learned_in: list[gym.Env[Any, Any]] = []  # those that are stepped in this process, one by one
        self._left: list[str] | None = None
        self._made: list[weakref.ref[gym.Env[Any, Any]]] = []  # what the function made, if it is one

    def _arguments(self, spec: Any) -> dict[str, Any]:
        """What `gym.make(id, ...)` has to be given besides the id."""
        if spec is None:
            return {}
        kwargs, limit = dict(spec.kwargs), spec.max_episode_steps
        if isinstance(self.given, VectorEnv):  # gym.make_vec's own arguments stand among them
            limit = kwargs.get("max_episode_steps", limit)
            kwargs = {name: value for name, value in kwargs.items() if name not in FOR_THE_VECTOR}
        registered = gym.registry.get(spec.id)
        if registered is not None and limit != registered.max_episode_steps:
            kwargs["max_episode_steps"] = -1 if limit is None else limit
        return kwargs

    @cached_property
    def rebuildable(self) -> bool:
        """Whether its id and `kwargs` make the same environment again."""
        if isinstance(self.given, str):
            return True
        spec = getattr(self.given, "spec", None)
        if spec is None or spec.additional_wrappers or spec.kwargs.get("wrappers") or spec.id not in gym.registry:
            return False
        if isinstance(self.given, VectorEnv):
            try:
                self.make().close()
            except ValueError:
                return False
        return True

    def described(self) -> dict[str, Any] | None:
        """What a file keeps of it: an id and what goes with it; None where that would be code."""
        return {"id": self.id, "kwargs": self.kwargs} if self.rebuildable and plain(self.kwargs) else None

    @staticmethod
    def of(described: Mapping[str, Any]) -> str | gym.Env[Any, Any]:
        """What `described` told."""
        return gym.make(described["id"], **described["kwargs"]) if described["kwargs"] else str(described["id"])

    def make(self) -> gym.Env[Any, Any]:
        """A new environment like the given one.

        An environment is made again from its `spec`, wrappers included; what was set in it by hand is not in there.
        Where that cannot be (a wrapper that does not say how it was made, no spec), it is copied as it is.
        """
        given = self.given
        if isinstance(given, str):
            return gym.make(given)
        if isinstance(given, VectorEnv):
            return self._single(given)
        return self._again(given) if isinstance(given, gym.Env) else self._called(given)

    def _again(self, given: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        problem = None
        if given.spec is not None:
            try:
                return gym.make(given.spec)
            except Exception as error:
                problem = error
        try:
            return copy.deepcopy(given)
        except Exception as error:
            raise ValueError(
                f"{given} cannot be made a second time ({problem or error}). Give a function that makes it: "
                "env=lambda: ..."
            ) from (problem or error)

    def _called(self, given: Callable[[], Any]) -> gym.Env[Any, Any]:
        made = given()
        if isinstance(made, VectorEnv):
            made.close()
            raise TypeError(f"{self.name}() makes a vector environment. Give that itself: env={self.name}().")
        if not isinstance(made, gym.Env):
            raise TypeError(f"{self.name}() gives {made!r:.100}, which is no environment: gymnasium.Env is what it is.")
        if any(made is other() for other in self._made):
            raise ValueError(
                f"{self.name}() gives the same environment each time. It has to make a new one, as in "
                "env=lambda: gym.make('CartPole-v1'): some are learned in side by side, and one is evaluated in."
            )
        self._made = [*(other for other in self._made if other() is not None), weakref.ref(made)]
        return made

    def first(self) -> gym.Env[Any, Any]:
        """The environment to learn in: the given one itself, or one made."""
        self.model = self.given if isinstance(self.given, gym.Env) else self.make()
        self.learned_in = [self.model]
        return self.model

    def mark(self) -> None:
        """Remember how the given environment was left."""
        self._left = running.print_of(self.given) if isinstance(self.given, gym.Env | VectorEnv) else None

    @property
    def touched(self) -> bool:
        """Whether somebody else played in the given environment since `mark`."""
        return self._left is not None and self._left != running.print_of(self.given)

    def judge(self, learner: gym.Env[Any, Any] | None) -> gym.Env[Any, Any]:
        """One to be judged in: it sees by the numbers that `learner`'s wrappers have counted, and counts nothing."""
        env = self.make()
        try:
            running.freeze(learner, env)
        except ValueError:
            env.close()
            raise
        return env

    def _single(self, given: VectorEnv[Any, Any, Any]) -> gym.Env[Any, Any]:
        """An environment like one lane of `given`; a ValueError where its id does not make such a one."""
        if given.spec is None:
            raise ValueError("This vector environment has no spec, so no single one can be made. Give eval_env=.")
        layer = given
        while isinstance(layer, VectorWrapper):
            if type(layer).__name__ not in ONLOOKERS:
                raise ValueError(
                    f"The vector environment is wrapped in {type(layer).__name__}, which a single {self.id} has not: "
                    "it would show or count other numbers. Give eval_env=, prepared as the lanes are."
                )
            layer = layer.env
        try:
            env = gym.make(given.spec.id, **self.kwargs)
            for wrapper in given.spec.kwargs.get("wrappers", ()):
                env = wrapper(env)
        except Exception as problem:
            raise ValueError(f"No single {self.id} can be made for {given} ({problem}). Give eval_env=.") from problem
        for what in ("observation_space", "action_space"):
            one, lane = getattr(env, what), getattr(given, f"single_{what}")
            if one != lane:
                env.close()
                raise ValueError(
                    f"A single {self.id} has the {what.replace('_', ' ')} {one}, a lane of the vector environment "
                    f"{lane}. Give eval_env=, prepared as the lanes are."
                )
        return env

    def lanes(self, n_envs: int, mode: str) -> Lanes:
        """`n_envs` of them side by side; a given environment itself is the first."""
        given = self.given
        if isinstance(given, VectorEnv):
            self.model = next(iter(getattr(given.unwrapped, "envs", ())), None)
            if n_envs not in (1, given.num_envs):
                raise ValueError(
                    f"n_envs={n_envs}, but the vector environment given has {given.num_envs}. Leave n_envs out."
                )
            return VectorLanes(given)
        if mode == "async":
            if isinstance(given, gym.Env):
                raise ValueError("vectorization_mode='async' needs an id or a function that makes the environment.")
            return VectorLanes(AsyncVectorEnv([self.make] * n_envs))
        if mode != "sync":
            raise ValueError(f"vectorization_mode={mode!r}: it is 'sync' (this process) or 'async' (a process each).")
        lanes = [self.first(), *(self.make() for _ in range(n_envs - 1))]
        for lane in lanes[1:]:
            running.share(lanes[0], lane)
        self.learned_in = lanes
        return ListLanes(lanes)


def plain(value: Any) -> bool:
    """Whether `value` is made of numbers, words, lists and dicts only: what a file keeps without keeping code."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return all(plain(part) for part in value)
    return value is None or isinstance(value, bool | int | float | str)

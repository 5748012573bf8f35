"""An episode runs again: the recorded start, the recorded actions, and a comparison at every step.

Runs in the worker only. What is compared at a step: the reward to the bit, and the rolling checksum of
`rlnb.trace.Checks` over the observations; at the last step also how the episode ended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from rlnb.errors import NotReplayable
from rlnb.replays import making
from rlnb.replays.film import Verdict
from rlnb.replays.lane_env import LaneChecks
from rlnb.trace import Checks, Trace, unpack_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


CARRIED = "its Box2D world outlives a reset; rlnb.watch(env, exact=True) begins each episode in a new one"


class Moment(NamedTuple):
    """The environment after step `k` (0: after the reset)."""

    k: int
    observation: Any
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class Simulation:
    """One recorded episode, running again in a fresh environment.

    >>> with Simulation(trace, pictures=True) as run:     # doctest: +SKIP
    ...     for moment in run:
    ...         frame = run.picture()
    ...     run.verdict()
    """

    def __init__(self, trace: Trace, pictures: bool = False, env: Any = None) -> None:
        self.trace = trace
        self.recipe = trace.recipe
        self.name = str(self.recipe.get("env_id") or "the environment")
        self._pictures = pictures
        self._diverged: tuple[int, str] | None = None
        self.env = making.make(self.recipe, "rgb_array" if pictures else None, trace) if env is None else env

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.env.close()
        except Exception:
            pass  # a broken close has no bearing on what was seen

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def taken(self) -> NDArray[Any]:
        """The actions of the run, those that were recorded."""
        return self.trace.actions

    def __iter__(self) -> Iterator[Moment]:
        """Moments 0 to n. Ends early where the replay ended early or the environment raised (then it has diverged)."""
        yield self.reset()
        for k in range(1, len(self.trace) + 1):
            moment = self.again(k)
            if moment is None:
                return
            yield moment
            if moment.terminated or moment.truncated:
                return

    def reset(self) -> Moment:
        """Moment 0."""
        self.checks = self._checks()
        observation: Any
        try:
            observation, info = making.begin(self.env, self.trace.start)
        except NotReplayable:
            raise
        except Exception as error:
            known = making.in_words(error, f"Replaying {self.name}", self._pictures)
            if known is not None:
                raise known from error
            words = f"{type(error).__name__}: {error}"
            raise NotReplayable(f"{self.name} could not be reset as recorded: {words}") from error
        self.checks.begin(observation)
        return Moment(0, observation, 0.0, False, False, info)

    def again(self, k: int) -> Moment | None:
        """The recorded step `k`, after the one before it; None where the environment raised."""
        try:
            result = self.env.step(as_action(self.env.action_space, self.trace.actions[k - 1]))
            observation, reward, terminated, truncated, info = result
            reward = as_number(reward)
        except Exception as error:
            self._leave(k, f"the environment raised {type(error).__name__}: {error}")
            return None
        over = bool(terminated or truncated)
        self._compare(k, self.checks.step(observation, over), reward, bool(terminated), bool(truncated))
        return Moment(k, observation, reward, bool(terminated), bool(truncated), info if isinstance(info, dict) else {})

    def _checks(self) -> Checks | LaneChecks:
        if self.recipe.get("vector"):
            return LaneChecks()
        if self.recipe.get("check_lane"):
            return LaneChecks(self.env.observation_space)
        ale = self.env.unwrapped.ale if self.recipe.get("check_ram") else None
        return Checks(int(self.recipe.get("check_every") or 1), ale)

    def picture(self) -> NDArray[np.uint8]:
        """The present picture, (height, width, 3), uint8."""
        try:
            return as_picture(self.env.render(), self.env, self.name)
        except NotReplayable:
            raise
        except NotImplementedError as error:
            raise NotReplayable(
                f"{self.name} draws no pictures: it has no `render`. s.verify() and s.steps() work without."
            ) from error
        except Exception as error:
            known = making.in_words(error, f"Drawing {self.name}", True)
            if known is not None:
                raise known from error
            raise NotReplayable(f"{self.name} could not draw itself: {type(error).__name__}: {error}") from error

    def verdict(self) -> Verdict:
        """What the comparison found so far."""
        compared = str(self.recipe.get("checked") or "every observation and reward")
        if len(self.trace) == 0:
            return Verdict("exact", None, "nothing (the episode has no steps)")
        if self._diverged is None:
            return Verdict("exact", None, compared)
        step, reason = self._diverged
        if self.name.startswith("BipedalWalker"):
            reason += f" ({CARRIED})"
        torn = unpack_start(self.trace.start)[0].get("torn")
        if torn is not None and step > torn[0]:
            reason += f" ({torn[1]} had left the environment's step {torn[0] + 1} half done)"
        return Verdict("diverged", step, compared, f"from step {step} on it is not what was recorded: {reason}")

    def _compare(self, k: int, crc: int, reward: float, terminated: bool, truncated: bool) -> None:
        if self._diverged is not None:
            return
        trace, last = self.trace, k == len(self.trace)
        then = float(trace.rewards[k - 1])
        if reward != then and not (math.isnan(reward) and math.isnan(then)):
            way = "g" if f"{reward:g}" != f"{then:g}" else ".17g"  # nearly the same: all digits
            self._leave(k, f"the reward is {reward:{way}}, recorded was {then:{way}}")
        elif self._was_checked(k) and (crc & 0xFFFF) != int(trace.checks[k - 1]):
            self._leave(k, "the observation differs" if k > 1 else "the observation differs, at the reset or step 1")
        elif not last and (terminated or truncated):
            self._leave(k, f"the episode ended here, the recorded one took {len(trace)} steps")
        elif last and trace.finished and (terminated, truncated) != (trace.terminated, trace.truncated):
            self._leave(
                k,
                f"it ended with terminated={terminated}, truncated={truncated}; "
                f"recorded was terminated={trace.terminated}, truncated={trace.truncated}",
            )

    def _was_checked(self, k: int) -> bool:
        trace = self.trace
        if k == len(trace) and trace.finished and self.recipe.get("check_lane") == "SameStep":
            return False  # there the vector environment gives the next episode's first observation
        return trace.checked is None or bool(trace.checked[k - 1])

    def _leave(self, k: int, reason: str) -> None:
        if self._diverged is None:
            self._diverged = (k, reason)


def as_action(space: Any, action: Any) -> Any:
    """What `step` expects: a plain int for Discrete, else the recorded value with its own dtype, as a copy.

    Actions of Dict, Tuple and OneOf spaces are recorded flattened (`gymnasium.spaces.flatten`).
    """
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return int(np.asarray(action).item())
    if isinstance(space, spaces.Dict | spaces.Tuple | spaces.OneOf):
        return spaces.unflatten(space, action)
    return action.copy() if isinstance(action, np.ndarray) else action


def as_number(reward: Any) -> float:
    """The reward as it was recorded: NaN where it is no number."""
    try:
        return float(np.asarray(reward).item())
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return math.nan


def as_picture(frame: Any, env: Any, name: str) -> NDArray[np.uint8]:
    """Whatever `render()` gave, as (height, width, 3) uint8; raises `NotReplayable` where that is no picture."""
    if isinstance(frame, list | tuple) and frame:
        frame = frame[-1]
    picture: NDArray[Any] = np.asarray(frame) if frame is not None and not isinstance(frame, str) else np.empty(0)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.size == 0:
        modes = (getattr(env, "metadata", None) or {}).get("render_modes", [])
        raise NotReplayable(
            f"{name} draws no pictures: render_mode='rgb_array' gave {type(frame).__name__}; "
            f"its render modes are {list(modes)}. s.verify() and s.steps() work without."
        )
    picture = picture[:, :, :3]
    if picture.dtype != np.uint8:
        scale = 255.0 if np.issubdtype(picture.dtype, np.floating) and float(picture.max()) <= 1.0 else 1.0
        picture = np.clip(np.asarray(picture, dtype=np.float64) * scale, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(picture)

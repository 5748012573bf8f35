"""Another future: an episode runs again up to a step, and from there on otherwise. Runs in the worker only."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.errors import BadValue, NotReplayable
from rlnb.replays import atlas
from rlnb.replays.film import Verdict
from rlnb.replays.simulate import Moment, Simulation, as_action, as_number
from rlnb.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

FUTURES = ("recorded", "random", "policy")


class Branch(Simulation):
    """An episode that leaves its recording after `step` steps.

    The next action is `action` where one is given (a name, a number, or numbers); those after it are the recorded ones
    ("recorded": it ends where they do), random ones of `seed`, or what `ask(observation)` answers ("policy").
    """

    def __init__(
        self, trace: Trace, step: int, action: Any, then: str, seed: int, limit: int, ask: Callable[[Any], Any]
    ) -> None:
        if trace.recipe.get("vector"):
            raise NotReplayable("An episode of a native vector environment has no other future: lanes run together.")
        super().__init__(trace, pictures=True)
        self.step, self.action, self.then, self.limit = step, action, then, limit
        self._ask = ask
        self._actions: list[Any] = list(trace.actions[:step])
        self._rewards: list[float] = list(trace.rewards[:step])
        self._sums: list[int] = [int(check) for check in trace.checks[:step]]
        self._over = (False, False)
        self._space = copy.deepcopy(self.env.action_space)
        self._space.seed(seed)

    def __len__(self) -> int:
        return self.limit

    @property
    def taken(self) -> NDArray[Any]:
        """The actions of this future, as they are recorded."""
        return np.array(self._actions).reshape(len(self._actions), *self.trace.actions.shape[1:])

    def __iter__(self) -> Iterator[Moment]:
        """Moments 0 to `step` as recorded, then those of the other future."""
        moment = None
        for moment in super().__iter__():
            if self._diverged is not None:
                raise NotReplayable(f"This episode does not run again as recorded: {self._diverged[1]}.")
            yield moment
            if moment.k == self.step:
                break
        if moment is None or moment.k < self.step or moment.terminated or moment.truncated:
            raise BadValue(f"Step {self.step} is the end of this episode: there is no other future from there.")
        while moment.k < self.limit and not (moment.terminated or moment.truncated):
            chosen = self._choose(moment)
            if chosen is None:
                return
            moment = self._go(moment.k + 1, chosen)
            yield moment

    def trace_of_future(self) -> Trace:
        """What is needed to run this future again."""
        return Trace(
            recipe=self.recipe,
            start=self.trace.start,
            actions=self.taken.astype(self.trace.actions.dtype, copy=False),
            rewards=np.array(self._rewards, np.float64),
            checks=np.array(self._sums, np.uint16),
            terminated=self._over[0],
            truncated=self._over[1],
            finished=any(self._over),
        )

    def verdict(self) -> Verdict:
        """A future that was not recorded is compared with nothing."""
        agreed = f"the {self.step} steps before it agreed with the recording" if self.step else "the reset is recorded"
        return Verdict("what if", None, "", f"another future from step {self.step} on; {agreed}")

    def _go(self, k: int, chosen: Any) -> Moment:
        """Take a step that nobody has recorded."""
        recorded = self._recorded(chosen)
        try:
            observation, reward, terminated, truncated, info = self.env.step(chosen)
        except Exception as error:
            raise NotReplayable(f"{self.name} raised {type(error).__name__} in step {k}: {error}") from error
        self._over = (bool(terminated), bool(truncated))
        self._actions.append(recorded)
        self._rewards.append(as_number(reward))
        self._sums.append(self.checks.step(observation, any(self._over)) & 0xFFFF)
        return Moment(k, observation, self._rewards[-1], *self._over, dict(info))

    def _choose(self, moment: Moment) -> Any:
        """The action of step k + 1, as `step` takes it; None where the recorded ones are used up."""
        k = moment.k
        if k == self.step and self.action is not None:
            return named_action(self.env.action_space, self.recipe, self.action)
        if self.then == "random":
            return self._space.sample()
        if self.then == "policy":
            return named_action(self.env.action_space, self.recipe, self._ask(moment.observation))
        return None if k >= len(self.trace) else as_action(self.env.action_space, self.trace.actions[k])

    def _recorded(self, action: Any) -> Any:
        from gymnasium import spaces

        if isinstance(self.env.action_space, spaces.Dict | spaces.Tuple | spaces.OneOf):
            return spaces.flatten(self.env.action_space, action)
        return np.asarray(action, dtype=self.trace.actions.dtype)


def _whole(action: Any) -> int | None:
    """The whole number that `action` is, if it is one."""
    try:
        return int(np.asarray(action).item())
    except (TypeError, ValueError):
        return None


def named_action(space: Any, recipe: Any, action: Any) -> Any:
    """An action by its name or number, or by its numbers, as `step` takes it."""
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        names = [name.replace("_", " ").lower() for name in recipe.get("action_names") or []]
        names = names or atlas.actions(recipe.get("env_id"), int(space.n))
        if isinstance(action, str) and action.lower() in names:
            return names.index(action.lower()) + int(space.start)
        number = _whole(action)
        if number is None or not space.contains(number):
            known = ", ".join(f"{i + int(space.start)} ({name})" for i, name in enumerate(names)) or str(space)
            raise BadValue(f"action={action!r} is none that this environment takes: {known}.")
        return number
    if isinstance(space, spaces.Box):
        try:
            numbers = np.asarray(action, dtype=space.dtype).reshape(space.shape)
        except (TypeError, ValueError) as error:
            raise BadValue(f"action={action!r} is none that this environment takes: {space}.") from error
        if not all(math.isfinite(number) for number in numbers.reshape(-1)):
            raise BadValue(f"action={action!r} has a number that is not finite.")
        return np.clip(numbers, space.low, space.high)
    if not space.contains(action):
        raise BadValue(f"action={action!r} is none that this environment takes: {space}.")
    return action

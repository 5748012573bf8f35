"""What the policy makes of each observation of an episode, shown under its replay.

It is computed when the replay is asked for, by the policy as it is then: recording Q-values at every step would slow
the loop that is watched. The player says so, because the policy that played an early episode was another one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rlnb.errors import BadValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rlnb.control.room import Room

KINDS = ("q", "logits", "probs", "value")
MOST = 16  # sessions whose policy is remembered
Explain = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Thoughts:
    """`values[name]` has shape (n + 1, width): a row for each observation of an episode."""

    values: Mapping[str, NDArray[np.float64]]
    source: str  # whose values they are, in words

    def words(self) -> dict[str, Any]:
        """What goes to the page beside the numbers."""
        return {"source": self.source, "parts": [[name, rows.shape[1]] for name, rows in self.values.items()]}


class Mind(Protocol):
    """Somebody who can be asked what he makes of an observation."""

    name: str

    def now(self) -> Explain | None:
        """`fn(obs)` of the policy as it is now; None where it is gone."""

    def act(self) -> Callable[[Any], Any] | None:
        """`fn(obs)` that gives its greedy action; None where it has none."""


class Offered:
    """A function that an algorithm or a person gave. A method does not keep its agent alive."""

    def __init__(self, fn: Explain) -> None:
        owner = getattr(fn, "__self__", None)
        self.name = type(owner).__name__ if owner is not None else getattr(fn, "__name__", "a function")
        self._fn: Callable[[], Explain | None] = weakref.WeakMethod(fn) if owner is not None else lambda: fn

    def now(self) -> Explain | None:
        return self._fn()

    def act(self) -> Callable[[Any], Any] | None:
        owner = getattr(self._fn(), "__self__", None)
        return getattr(owner, "act", None)


class Learner:
    """A Stable-Baselines3 model, seen on the stack while it learns."""

    def __init__(self, model: Any) -> None:
        self.name = type(model).__name__
        self._model = weakref.ref(model)

    def now(self) -> Explain | None:
        from rlnb.agents.foreign import sb3

        model = self._model()
        return None if model is None else sb3(model)

    def act(self) -> Callable[[Any], Any] | None:
        model = self._model()
        if model is None:
            return None
        from rlnb.agents.foreign import copied

        normalize = getattr(model, "get_vec_normalize_env", lambda: None)()
        policy = copied(model)  # the model's own is being trained: asking it would switch its mode and its distribution

        def act(obs: Any) -> Any:
            seen = obs if normalize is None else normalize.normalize_obs(np.asarray(obs))
            return policy.predict(seen, deterministic=True)[0]

        return act


class Minds:
    """Which policy belongs to which session."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._of: dict[str, Mind] = {}
        self._coming: Mind | None = None  # said before the session began
        self._watched: list[Any] = []

    def say(self, fn: Explain) -> None:
        """`rlnb.hook.explain(fn)`: the policy of the session that runs, or of the next one."""
        mind = Offered(fn)
        if self._room.current is not None:
            self._bind(self._room.current.id, mind)
        else:
            self._coming = mind

    def watch(self, module: Any, kind: str | None) -> None:
        """`rlnb.explain(module)`: the policy of every session during which the module is called."""
        from rlnb.agents.foreign import Module

        mind: _Module

        def called() -> None:
            current = self._room.current
            if current is not None and self._of.get(current.id) is not mind:
                self._bind(current.id, mind)

        mind = _Module(Module(module, kind, called))
        self._watched.append(mind)

    def begin(self, session: str, learner: Any | None) -> None:
        """A session begins; `learner` is the algorithm on the stack, if any."""
        if self._coming is not None:
            self._bind(session, self._coming)
            self._coming = None
        elif learner is not None and type(learner).__module__.startswith(("stable_baselines3.", "sb3_contrib.")):
            self._bind(session, Learner(learner))

    def close(self) -> None:
        """Take every hook off."""
        for mind in self._watched:
            mind.close()
        self._watched.clear()
        self._of.clear()

    def _bind(self, session: str, mind: Mind) -> None:
        self._of.pop(session, None)
        self._of[session] = mind
        for old in list(self._of)[:-MOST]:
            del self._of[old]

    def knows(self, session: str) -> bool:
        """Whether the policy of this session can be asked."""
        return session in self._of

    def actor(self, session: str) -> tuple[str, Callable[[Any], Any]] | None:
        """Name and greedy action of the policy of this session, where it has one."""
        mind = self._of.get(session)
        act = None if mind is None else mind.act()
        return None if mind is None or act is None else (mind.name, act)

    def think(self, session: str, observations: list[Any]) -> Thoughts | None:
        """What the policy of this session makes of `observations` now; None where nobody knows a policy."""
        mind = self._of.get(session)
        if mind is None:
            return None
        if not observations:
            return Thoughts({}, f"{mind.name} was not asked: the observations of this episode are too large.")
        try:
            explain = mind.now()
            if explain is None:
                return Thoughts({}, f"{mind.name} is gone; its values are not kept.")
            return Thoughts(_rows(explain, observations), self._source(mind))
        except Exception as error:  # a policy that takes no such observation: say so, and play the film
            return Thoughts({}, f"{mind.name} could not be asked ({type(error).__name__}: {error}).")

    def _source(self, mind: Mind) -> str:
        said = (
            f"{mind.name} as it is now, after all its training so far; an early episode was played by an earlier one."
        )
        return f"output of the module {said}" if isinstance(mind, _Module) and mind.watched.kind is None else said


class _Module:
    """A watched torch module."""

    def __init__(self, watched: Any) -> None:
        self.watched = watched
        self.name = str(watched.name)

    def now(self) -> Explain | None:
        return self.watched.now() if self.watched.alive else None

    def act(self) -> Callable[[Any], Any] | None:
        """The action with the largest output, where the output is one number an action."""
        explain = self.now()
        if explain is None:
            return None

        def best(obs: Any) -> int:
            told = explain(obs)
            row = next((told[name] for name in ("q", "probs", "output") if name in told), None)
            if row is None or len(row) < 2:
                raise BadValue(f"The output of {self.name} is no choice among actions; give policy= a function.")
            return int(np.argmax(row))

        return best

    def close(self) -> None:
        self.watched.close()


def _rows(explain: Explain, observations: list[Any]) -> dict[str, NDArray[np.float64]]:
    rows: dict[str, list[NDArray[np.float64]]] = {}
    for observation in observations:
        for name, value in explain(observation).items():
            rows.setdefault(str(name), []).append(np.asarray(value, np.float64).reshape(-1))
    whole = {name: parts for name, parts in rows.items() if len(parts) == len(observations)}
    return {name: np.stack(parts) for name, parts in whole.items() if len({len(part) for part in parts}) == 1}


def explain(policy: Any, kind: str | None = None) -> None:
    """Show under replays what a policy makes of each observation.

    `policy` is a torch module (its output is taken for Q-values or logits; it must be called by your loop, which is
    how rlnb learns what it takes), or a function `fn(obs) -> {"q" | "probs" | "value": array}`. `kind` says what a
    module's output is: "q", "logits", "probs" or "value". rlnb's agents and Stable-Baselines3 models need no telling.

    >>> rlnb.explain(q_network, "q")      # doctest: +SKIP
    """
    from rlnb.control.doors import the_room

    if kind is not None and kind not in KINDS:
        raise BadValue(f"rlnb.explain(..., kind={kind!r}): a kind is one of {', '.join(map(repr, KINDS))}.")
    minds = the_room().minds
    if hasattr(policy, "register_forward_hook"):
        minds.watch(policy, kind)
    elif callable(policy):
        minds.say(policy)
    else:
        raise BadValue(f"rlnb.explain({policy!r:.80}): give a torch module, or a function of the observation.")

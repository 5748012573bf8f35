"""What every agent can do: learn, act, evaluate, save, load. An algorithm adds its network, its update and its loop."""

from __future__ import annotations

import inspect
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlnb import hook
from rlnb.agents import checkpoint, evaluation, explained, running
from rlnb.agents.config import BOUND, MEMORY, Config, whole
from rlnb.agents.progress import Progress
from rlnb.agents.schedules import as_schedule
from rlnb.agents.source import EnvLike, Source

C = TypeVar("C", bound=Config)


class Agent(ABC, Generic[C]):
    """A learning algorithm on an environment.

    `env` is an id, an environment, a vector environment or a function that makes one. `seed` fixes every random
    choice: the same seed on the same machine gives the same result, bit for bit on the CPU. A given environment is
    learned in itself; more of them, and the one that `evaluate` plays in, are made like it from its `spec`, or copied.
    Where you play in it between two `learn`, the next begins with a new episode. `eval_env` is what
    `evaluate` plays in where it differs from `env` (no clipped rewards, say). Everything else is a setting of the
    algorithm; `agent.config` shows them all.
    """

    Settings: ClassVar[type[Config]] = Config
    config: C

    def __init__(
        self, env: EnvLike, *, seed: int | None = None, eval_env: EnvLike | None = None, **settings: Any
    ) -> None:
        if isinstance(env, VectorEnv) and hasattr(self.Settings, "n_envs"):
            settings.setdefault("n_envs", env.num_envs)  # what is given says how many there are
        self.config = self.Settings.build(settings, self.name)  # type: ignore[assignment]
        self.source = Source(env)
        self.eval_source: Source | None = self.source if eval_env is None else Source(eval_env)
        if seed is not None and not whole(seed, 0):
            raise ValueError(f"seed={seed!r}: it is a whole number from 0 on, or None: any.")
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
        self.rng = np.random.default_rng(self.seed)
        self.steps = 0  # environment steps learned from, over all lanes
        self.episodes = 0  # episodes finished
        self.unit = "steps"  # what `planned` counts: "steps" or "episodes"
        self.planned = 0  # the total that schedules are laid out over
        self.best = -math.inf  # mean return of the best evaluation so far
        self._set: dict[str, float] = {}  # settings that a person moved while it learns
        self._evaluate: tuple[int, str | os.PathLike[str] | None] = (0, None)
        self._due = self._look = 0
        self._bar: Progress | None = None
        self._build()

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if cls.Settings is not Config:
            cls.__doc__ = explained.Explained(vars(cls).get("__doc__"), cls.Settings)  # type: ignore[assignment]
            cls.__signature__ = explained.signature(cls.__init__, cls.Settings)  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        return type(self).__name__

    # ---------------------------------------------------------------- what an algorithm writes
    @abstractmethod
    def _build(self) -> None:
        """Make the environments, the network and the memory from `self.config`."""

    @abstractmethod
    def _learn(self, until: int) -> None:
        """The loop: `while self.going(until): ...`, counting `self.steps`."""

    @abstractmethod
    def act(self, obs: Any, greedy: bool = True) -> Any:
        """The action for one observation, as the environment takes it; `greedy=False` explores as in learning."""

    @abstractmethod
    def explain(self, obs: Any) -> Mapping[str, Any]:
        """What the agent thinks of `obs`: "q", "probs" or "value", shown under the replay."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Everything learned, as tensors, numbers and words."""

    @abstractmethod
    def _restore(self, state: dict[str, Any]) -> None:
        """Take in what `_state` gave."""

    def _spaces(self) -> dict[str, str]:
        """The spaces in words: a checkpoint goes on only where they are the same."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Begin with a new episode: somebody else played in the environment."""

    def _recent_return(self) -> float | None:
        """Mean return of the newest episodes, for the progress bar."""
        return None

    # ---------------------------------------------------------------- learning
    def learn(
        self,
        steps: int | None = None,
        progress: bool = True,
        *,
        episodes: int | None = None,
        planned: int | None = None,
        evaluate_every: int = 0,
        best_path: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Learn for `steps` environment steps (or `episodes` episodes) more, and return the agent. A2C and PPO take
        whole rollouts, so a few more.

        `planned`: the total of steps (or episodes) that schedules are laid out over, where this call is only a part of
        them; else they are laid out anew over all steps so far and these.
        `evaluate_every`: play 10 episodes every so many steps, log them as `eval_return`, and keep the best agent in
        `best_path`. Stop in the live view ends the loop early with everything kept; another `learn` goes on.
        """
        more: Any = steps if episodes is None else episodes
        if (steps is None) == (episodes is None) or not whole(more, 1):
            raise ValueError(f"learn(steps={steps!r}, episodes={episodes!r}): give one whole number, at least 1.")
        if not whole(evaluate_every, 0):
            raise ValueError(f"evaluate_every={evaluate_every!r}: it is a whole number of steps, or 0: never.")
        if best_path is not None and not evaluate_every:
            raise ValueError("best_path needs evaluate_every=: the best agent is known only by evaluating.")
        if best_path is not None and not (os.path.exists(best_path) and self._evaluate[1] in (None, best_path)):
            self.best = -math.inf  # the best of that file is not known
        unit = "steps" if episodes is None else "episodes"
        if unit != self.unit:  # the total so far counted something else
            self.unit, self.planned = unit, 0
        until = self.counted + int(more)
        self.planned = max(self.planned, until, planned or 0)
        every = int(evaluate_every)
        self._evaluate, self._due = (every, best_path), (self.steps // every + 1) * every if every else 0
        self._look = 0
        if self.source.touched:
            self._abandon()
        hook.explain(self.explain)
        with Progress(f"{self.name} {self.source.name}", self.counted, until, self.unit, progress) as self._bar:
            try:
                hook.learner({"algorithm": self.name, **vars(self.config), "seed": self.seed}, self.source.learned_in)
                self._learn(until)
                if best_path is not None and self.best == -math.inf:
                    self._due = self.steps  # there shall be such a file
                self._judge()
            except BaseException:
                self._abandon()  # the kernel was interrupted in the middle of a step, say
                raise
            finally:
                hook.learner(None)
                self.source.mark()
            self._bar.tell(self.counted, self._recent_return(), self.steps, last=True)
        return self

    def seed_here(self) -> int:
        """A seed for what cannot go on from a file and has to begin anew: another one after other `steps`."""
        return int(np.random.SeedSequence((self.seed, self.steps)).generate_state(1)[0] >> 1)

    @property
    def counted(self) -> int:
        """Steps or episodes so far: what the newest `learn` was told to count."""
        return self.steps if self.unit == "steps" else self.episodes

    def going(self, until: int) -> bool:
        """Whether the loop goes on. Also moves the progress bar, asks for Stop and evaluates when that is due."""
        if self.counted >= until:
            return False
        if self.steps < self._look:
            return True
        self._look = self.steps + 64
        if self._bar is not None:
            self._bar.tell(self.counted, self._recent_return(), self.steps)
        return self._judge()

    def unstopped(self, more: int) -> bool:
        """Move the progress bar by `more` steps that are not counted yet; False once Stop has been asked for."""
        if self._bar is not None and self.unit == "steps":
            self._bar.tell(self.counted + more, self._recent_return(), self.steps + more)
        return not hook.stopping()

    def _judge(self) -> bool:
        """Evaluate if that is due, and keep the best agent; False once Stop has been asked for."""
        every, path = self._evaluate
        if every and self.steps >= self._due and not hook.stopping():
            self._due += every
            returns = self.evaluate(episodes=10, seed=1_000_003)
            if hook.stopping():  # perhaps they are not all there
                return False
            mean = float(returns.mean())
            hook.log(eval_return=mean, step=self.steps)
            if mean > self.best:
                self.best = mean
                if path is not None:
                    self.save(path)
        return not hook.stopping()

    def now(self, setting: str) -> float:
        """The present value of a setting that may be a schedule, or what a person moved it to."""
        if setting in self._set:
            return self._set[setting]
        return as_schedule(getattr(self.config, setting))(self.counted / max(self.planned, 1))

    def knob(self, setting: str) -> None:
        """Let a person move `setting` while the agent learns; from then on its schedule is out of force."""
        if setting not in vars(self.config):
            raise ValueError(f"{self.name} has no setting {setting!r}. It has: {', '.join(vars(self.config))}.")
        hook.knob(setting, lambda: self.now(setting), lambda value: self._set.__setitem__(setting, float(value)))

    # ---------------------------------------------------------------- judging
    def evaluate(self, episodes: int = 20, seed: int | None = 42, greedy: bool = True) -> NDArray[np.float64]:
        """Returns of `episodes` whole episodes in an environment made for it, learning nothing; episode i has seed +
        i. A Stop meanwhile ends it: the returns of the episodes that were over come back.

        The environment is one like `env`, or `eval_env`. What `env`'s wrappers have counted (NormalizeObservation) is
        used there and not counted on; rewards are the true ones. What was set in `env` by hand is not in there.
        """
        if self.eval_source is None:
            raise ValueError(
                f"{self.name} was evaluated in an environment of its own (eval_env=), which the file does not hold. "
                f"{self.name}.load(path, eval_env=...) gives it one."
            )
        env = self.eval_source.judge(self.source.model)
        try:
            return evaluation.returns(lambda obs: self.act(obs, greedy=greedy), env, episodes, seed)
        finally:
            env.close()

    # ---------------------------------------------------------------- saving
    def save(self, path: str | os.PathLike[str], **parts: bool) -> Path:
        """Write the agent to `path`: settings, counters, weights, optimizer, random numbers. Safe to open anywhere.
        `memory=True` of DQN, DDPG, TD3 and SAC adds the replay memory."""
        for part in parts.keys() - inspect.signature(self._state).parameters.keys():
            raise TypeError(
                f"save({part}={parts[part]}): {self.name} has no {part} to save. Leave it out; only DQN, DDPG, TD3 and "
                "SAC have a memory."
            )
        source, judge = self.source, self.eval_source
        document = {
            "algorithm": self.name, "config": self.config.to_dict(), "seed": self.seed, "steps": self.steps,
            "episodes": self.episodes, "unit": self.unit, "planned": self.planned,
            "best": self.best, "set": dict(self._set),
            "env": source.described(), "env_name": source.name, "running": running.state(source.model),
            "eval_env": None if judge is source else [None if judge is None else judge.described()],
            "spaces": self._spaces(), "rng": self.rng.bit_generator.state, "state": self._state(**parts),
        }  # fmt: skip
        return checkpoint.write(path, document)

    @classmethod
    def load(cls, path: str | os.PathLike[str], env: EnvLike | None = None, **overrides: Any) -> Self:
        """The agent saved in `path`, to act or to go on learning.

        `env` is needed where the agent was not made from a plain id. `overrides` are for what a file cannot carry or
        need not keep: `network=` where you gave your own module, `device=`, `n_envs=`, `eval_env=`.
        """
        saved = checkpoint.read(path)
        if saved["algorithm"] != cls.__name__:
            raise ValueError(
                f"{str(path)!r} is a saved {saved['algorithm']}, not {cls.__name__}: {saved['algorithm']}.load "
                f"opens it."
            )
        if env is None and saved["env"] is None:
            raise ValueError(
                f"The agent learned in {saved['env_name']}, which cannot be made again from an id alone. Give env=."
            )
        eval_env = overrides.pop("eval_env", None)
        lanes = {"n_envs": env.num_envs} if isinstance(env, VectorEnv) and "n_envs" in saved["config"] else {}
        bound = BOUND | (MEMORY if saved["state"].get("memory") else set())
        config = cls.Settings.reopened({**saved["config"], **lanes}, overrides, bound, cls.__name__)
        apart = saved["eval_env"]  # None: it was evaluated in one like `env`; [None]: in one that a file cannot hold
        if eval_env is None and apart and apart[0]:
            eval_env = Source.of(apart[0])
        agent = cls(
            Source.of(saved["env"]) if env is None else env, seed=saved["seed"], eval_env=eval_env, **vars(config)
        )
        if apart and eval_env is None:
            agent.eval_source = None
        running.restore(agent.source.model, saved["running"])
        for what, words in saved["spaces"].items():
            checkpoint.check_same(what, words, agent._spaces()[what])
        for counter in ("steps", "episodes", "unit", "planned", "best"):
            setattr(agent, counter, saved[counter])
        agent._set = {name: value for name, value in saved["set"].items() if name not in overrides}
        agent._restore(saved["state"])
        agent.rng.bit_generator.state = saved["rng"]
        return agent

    def close(self) -> None:
        """Close the environments; the agent can still act."""

    def __reduce_ex__(self, protocol: Any) -> Any:  # what copy and pickle ask for
        raise TypeError(
            f"{self.name} cannot be copied or pickled: environments and networks share memory inside. "
            f"agent.save(path) and {self.name}.load(path) make another one like it."
        )

    def __repr__(self) -> str:
        return (
            f"<{self.name} on {self.source.name}, seed {self.seed}, {self.steps:,} steps, {self.episodes:,} episodes>"
        )

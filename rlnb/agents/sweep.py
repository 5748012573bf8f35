"""Which learning rate? Several seeds a value, and the truth about how sure the answer is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlnb import hook
from rlnb.agents.exact import has_model, policy_value
from rlnb.agents.progress import Progress
from rlnb.agents.source import EnvLike
from rlnb.agents.tabular import TabularAgent


@dataclass(frozen=True)
class SweepRow:
    """One learning rate: the value of each seed's final greedy policy, their mean and its standard error."""

    learning_rate: float
    values: tuple[float, ...]
    mean: float
    error: float


@dataclass(frozen=True, repr=False)
class Sweep:
    """All rows, and how they were valued: "exact" or "100 episodes". Printed it is a table."""

    rows: tuple[SweepRow, ...]
    valued: str

    def __repr__(self) -> str:
        if not self.rows:
            return "<a sweep that was stopped before its first learning rate was finished>"
        said = [f"{'learning rate':>13} {'mean':>10} {'± error':>9}"]
        said += [f"{str(row.learning_rate)[:13]:>13} {row.mean:>10.4g} {row.error:>9.2g}" for row in self.rows]
        seeds = len(self.rows[0].values)
        alike = ", ".join(str(rate) for rate in self.as_good if rate != self.best.learning_rate)
        told = f"; these {seeds} seeds cannot tell it from {alike}" if alike else ""
        return "\n".join([*said, f"best: {self.best.learning_rate}{told} ({self.valued}, {seeds} seeds each)"])

    @property
    def best(self) -> SweepRow:
        """The row with the highest mean."""
        if not self.rows:
            raise ValueError(
                "The sweep was stopped before its first learning rate was finished: no row can be the best."
            )
        return max(self.rows, key=lambda row: row.mean)

    @property
    def as_good(self) -> tuple[float, ...]:
        """The learning rates that these seeds cannot tell from the best one (within two standard errors of the
        difference)."""
        top = self.best
        return tuple(r.learning_rate for r in self.rows if top.mean - r.mean <= 2 * float(np.hypot(top.error, r.error)))


def alpha_sweep(
    algorithm: type[TabularAgent],
    env: EnvLike,
    alphas: float | Sequence[float] | None = None,
    seeds: int | Iterable[int] = 5,
    *,
    steps: int | None = None,
    episodes: int | None = None,
    progress: bool = True,
    **settings: Any,
) -> Sweep:
    """Learn with each of `alphas` (20 values, 0.05 … 1, where none are given) and each seed (5 means 0 … 4), and value
    the result.

    The value is exact where the environment tells its probabilities, else the mean of 100 greedy episodes with the same
    seeds for all. One seed a value would choose by luck: the differences between seeds are often larger than those
    between learning rates, and `Sweep.as_good` says which learning rates cannot be told apart. Stop in the live view
    ends the sweep; the learning rates that were finished are returned.
    """
    if TabularAgent not in getattr(algorithm, "__mro__", ()):
        given = getattr(algorithm, "__name__", algorithm)
        raise TypeError(
            f"alpha_sweep compares tables: it takes QLearning, Sarsa or ExpectedSarsa, not {given}. "
            "For other algorithms make an agent for each learning rate and seed, and compare what they evaluate to."
        )
    rates = np.linspace(0.05, 1.0, 20).tolist() if alphas is None else np.atleast_1d(alphas).tolist()
    if not rates:
        raise ValueError("alphas=[]: there is no learning rate to try.")
    if "learning_rate" in settings:
        raise TypeError("alpha_sweep tries the learning rates in alphas=: leave learning_rate= out.")
    seeds = list(range(seeds) if isinstance(seeds, int) else seeds)
    if len(seeds) < 2:
        raise ValueError(
            f"seeds={seeds}: one seed says nothing about how sure the answer is. Take at least 2, better 5."
        )
    rows, valued, done = [], "exact", 0
    bar = Progress(f"{algorithm.__name__}, {len(rates)} learning rates", 0, len(rates) * len(seeds), "runs", progress)
    for rate in rates:
        values: list[float] = []
        for seed in seeds:
            if hook.stopping():
                break
            agent = algorithm(env, seed=seed, learning_rate=rate, **settings)
            agent.learn(steps, progress=False, episodes=episodes)
            exact = has_model(agent.env)
            value = policy_value(agent.env, agent.policy) if exact else float(agent.evaluate(100, seed=10_000).mean())
            if hook.stopping():  # this run may have ended early: it says nothing
                break
            valued = "exact" if exact else "100 episodes"
            values.append(value)
            done += 1
            bar.tell(done, None)
        if len(values) == len(seeds):
            error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
            rows.append(SweepRow(round(float(rate), 10), tuple(values), float(np.mean(values)), error))
    bar.close()
    return Sweep(tuple(rows), valued)

"""Expected Sarsa (van Seijen et al. 2009; Sutton & Barto 2018, §6.6): Sarsa without the luck of the next action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlnb.agents.tabular import CHUNK, TabularAgent


class ExpectedSarsa(TabularAgent):
    """Expected Sarsa: the reward plus the mean value of the next action, over the ε-greedy policy that is followed.

    On-policy like Sarsa, but its target does not depend on which action happened to be drawn: less noise, so that a
    larger step size works.
    """

    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        self.knob("exploration")
        q, gamma, first, index = self.q, self.config.gamma, self.first, self.states.index
        step: Callable[[int], Any] = self.env.step
        while self.going(until):
            alpha, epsilon, over = self.now("learning_rate"), self.now("exploration"), False
            state = self.begin() if self.state is None else self.state
            room = until - self.steps if self.unit == "steps" else CHUNK
            total, taken = self.total, 0
            for taken in range(1, min(CHUNK, room) + 1):  # noqa: B007 (read after the loop)
                row = q[state]
                action = self.choose(row, epsilon)
                obs, reward, terminated, truncated, _ = step(action + first)
                state = index(obs)
                after = q[state]
                # E[Q(s', ·)] = (1 − ε) · max_a' Q(s', a') + ε · mean_a' Q(s', a')
                mean = (1 - epsilon) * max(after) + epsilon * sum(after) / len(after)
                # target = r + γ · E[Q(s', ·)], and r alone where the task ended
                target = reward if terminated else reward + gamma * mean
                # Q(s, a) ← Q(s, a) + α · (target − Q(s, a))
                row[action] += alpha * (target - row[action])
                total += reward
                if terminated or truncated:
                    over = True
                    break
            self.steps += taken
            self.state, self.total = state, float(total)
            self.rest(row, over)

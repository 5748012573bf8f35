"""Sarsa (Rummery & Niranjan 1994; Sutton & Barto 2018, §6.4): learn the policy that is followed, exploring included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlnb.agents.tabular import CHUNK, TabularAgent


class Sarsa(TabularAgent):
    """Sarsa: the value of an action is its reward plus the value of the action that is really taken after it.

    On-policy: it counts in what its own exploring costs, and keeps away from a cliff that it might stumble into.
    """

    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        self.knob("exploration")
        q, gamma, first, index = self.q, self.config.gamma, self.first, self.states.index
        step: Callable[[int], Any] = self.env.step
        while self.going(until):
            alpha, epsilon, over = self.now("learning_rate"), self.now("exploration"), False
            state = self.begin() if self.state is None else self.state
            action = self.choose(q[state], epsilon) if self.action is None else self.action
            room = until - self.steps if self.unit == "steps" else CHUNK
            total, taken = self.total, 0
            for taken in range(1, min(CHUNK, room) + 1):  # noqa: B007 (read after the loop)
                row, tried = q[state], action
                obs, reward, terminated, truncated, _ = step(action + first)
                state = index(obs)
                action = self.choose(q[state], epsilon)
                # target = r + γ · Q(s', a') with the a' that is taken next, and r alone where the task ended
                target = reward if terminated else reward + gamma * q[state][action]
                # Q(s, a) ← Q(s, a) + α · (target − Q(s, a))
                row[tried] += alpha * (target - row[tried])
                total += reward
                if terminated or truncated:
                    over = True
                    break
            self.steps += taken
            self.state, self.action, self.total = state, action, float(total)
            self.rest(row, over)

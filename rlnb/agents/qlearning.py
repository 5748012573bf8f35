"""Q-learning (Watkins 1989; Sutton & Barto 2018, §6.5): learn the best policy while following another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlnb.agents.tabular import CHUNK, TabularAgent


class QLearning(TabularAgent):
    """Q-learning: the value of an action is its reward plus the value of the best action after it.

    Off-policy: what it learns is the greedy policy's value, however much it explores.

    >>> QLearning("FrozenLake-v1", seed=0, gamma=0.999, initial_value=1.0).learn(episodes=20_000)  # doctest: +SKIP
    """

    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        self.knob("exploration")
        q, gamma, draw, n_actions = self.q, self.config.gamma, self.random.random, self.n_actions
        first, index = self.first, self.states.index
        step: Callable[[int], Any] = self.env.step
        simple = self.states.simple
        while self.going(until):
            state = self.begin() if self.state is None else self.state
            alpha, epsilon, over = self.now("learning_rate"), self.now("exploration"), False
            room = until - self.steps if self.unit == "steps" else CHUNK
            total, taken = self.total, 0
            for taken in range(1, min(CHUNK, room) + 1):  # noqa: B007 (read after the loop)
                row = q[state]
                # a = a random action with probability ε, argmax_a Q(s, a) otherwise
                action = int(draw() * n_actions) if draw() < epsilon else row.index(max(row))
                obs, reward, terminated, truncated, _ = step(action + first)
                state = obs if simple else index(obs)
                # target = r + γ · max_a' Q(s', a'), and r alone where the task ended; a time limit does not end the
                # task
                target = reward if terminated else reward + gamma * max(q[state])
                # Q(s, a) ← Q(s, a) + α · (target − Q(s, a))
                row[action] += alpha * (target - row[action])
                total += reward
                if terminated or truncated:
                    over = True
                    break
            self.steps += taken
            self.state, self.total = int(state), float(total)
            self.rest(row, over)

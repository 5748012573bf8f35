"""Replay memories: transitions in arrays made once, drawn from uniformly, from the newest, or by surprise.

A transition is (s, a, R, s', d). `d` is the factor of the value of s' in the target: γ (γ^n after n steps), and **0
where the task terminated; after a mere time limit it stays γ**. So the two ends of an episode cannot be mixed up later.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rlnb.agents.frames import FrameStore
from rlnb.agents.spaces import Array, Encoder

PICTURES = (np.uint8, torch.uint8)


class Transitions(NamedTuple):
    """A batch drawn from a memory, as arrays, or as tensors on the way to the network."""

    obs: Any  # [batch, …]; of frames a tensor, or the places of the pictures [batch, k]
    actions: Any  # [batch] or [batch, d]
    rewards: Any  # [batch] float32
    next_obs: Any  # as obs
    discounts: Any  # [batch] float32
    rows: Any  # [batch] where each was
    weights: Any  # [batch] float32, what each counts in the loss


class ReplayMemory:
    """The newest `size` transitions, all equally likely to be drawn."""

    def __init__(
        self, size: int, obs_shape: tuple[int, ...], obs_dtype: Any, action_shape: tuple[int, ...], action_dtype: Any,
        store: FrameStore | None = None,
    ) -> None:  # fmt: skip
        self.size, self.count, self.at = size, 0, 0
        self.needed = 1  # transitions in it before batches are drawn
        self.store = store  # for frames: the columns then hold where the pictures are
        if store is not None:
            obs_shape, obs_dtype = (store.stack,), np.int64
        self.columns: tuple[Array, ...] = (
            np.zeros((size, *obs_shape), obs_dtype),
            np.zeros((size, *action_shape), action_dtype),
            np.zeros(size, np.float32),
            np.zeros((size, *obs_shape), obs_dtype),
            np.zeros(size, np.float32),
        )
        self._ones = np.ones(1, np.float32)

    def add(self, obs: Array, actions: Array, rewards: Array, next_obs: Array, discounts: Array) -> None:
        """Append n transitions, over the oldest ones where the memory is full."""
        n, at = len(rewards), self.at
        if self.store is not None:
            obs, next_obs = self.store.put(obs), self.store.put(next_obs)
        rows: Any = slice(at, at + n) if at + n <= self.size else (at + np.arange(n)) % self.size
        for column, new in zip(self.columns, (obs, actions, rewards, next_obs, discounts), strict=True):
            column[rows] = new
        self.at = (at + n) % self.size
        self.count = min(self.count + n, self.size)

    @property
    def ready(self) -> bool:
        """Whether there is enough in it to learn from."""
        return self.count >= self.needed

    def choose(self, batch: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Which rows to draw, with replacement."""
        return rng.integers(self.count, size=batch)

    def pick(self, batch: int, rng: np.random.Generator) -> Transitions:
        """`batch` transitions; of frames that lie on the network's device only the places, for `look`."""
        index = self.choose(batch, rng)
        if len(self._ones) != batch:
            self._ones = np.ones(batch, np.float32)
        if self.store is not None:
            alive = self.store.alive(self.columns[0][index]) & self.store.alive(self.columns[3][index])
            if not alive.all():  # pictures of very old transitions are gone: draw others of this batch twice
                left = index[alive] if alive.any() else [(self.at - 1) % self.size]
                index = np.where(alive, index, np.resize(left, batch))
        obs: Any
        next_obs: Any
        obs, actions, rewards, next_obs, discounts = (column[index] for column in self.columns)
        if self.store is not None and not self.store.near:
            obs, next_obs = self.store.get(obs), self.store.get(next_obs)
        return Transitions(obs, actions, rewards, next_obs, discounts, index, self._ones)

    def look(self, obs: Any) -> Any:
        """The observations themselves, of the `obs` of what was picked (an array or a tensor)."""
        return obs if self.store is None or obs.dtype in PICTURES else self.store.get(obs)

    def sample(self, batch: int, rng: np.random.Generator) -> Transitions:
        """`batch` transitions with their observations."""
        picked = self.pick(batch, rng)
        return picked._replace(obs=self.look(picked.obs), next_obs=self.look(picked.next_obs))

    def surprise(self, index: NDArray[np.int64], errors: Array) -> None:
        """Tell how large the errors of a batch were; only `PrioritizedMemory` listens."""

    def state(self) -> dict[str, Any]:
        """Everything in it, for a checkpoint."""
        columns = [torch.from_numpy(column[: self.count].copy()) for column in self.columns]
        frames = None if self.store is None else self.store.state()
        return {"at": self.at, "count": self.count, "columns": columns, "frames": frames}

    def restore(self, state: dict[str, Any] | None, needed: int = 1) -> None:
        """Take in what `state` gave. None: it was not saved, and is `ready` once `needed` transitions are in it.

        A batch drawn from the first few would be one moment of one episode many times, and spoil what was learned.
        """
        if state is None:
            self.needed = min(max(needed, 1), self.size)
            return
        self.at, self.count = int(state["at"]), int(state["count"])
        for column, saved in zip(self.columns, state["columns"], strict=True):
            column[: self.count] = saved.numpy()
        if self.store is not None:
            self.store.restore(state["frames"])


class RecentMemory(ReplayMemory):
    """Draws only from the newest `window` transitions ("limited"): what the present policy did, not one of long ago."""

    def __init__(self, window: int, *layout: Any) -> None:
        super().__init__(*layout)
        if window < 1:
            raise ValueError(f"window={window}: at least 1 transition.")
        self.window = window

    def choose(self, batch: int, rng: np.random.Generator) -> NDArray[np.int64]:
        back = rng.integers(1, min(self.window, self.count) + 1, size=batch)
        rows: NDArray[np.int64] = (self.at - back) % self.size
        return rows


class PrioritizedMemory(ReplayMemory):
    """Draws a transition the more often the more it surprised (Schaul et al. 2016).

    P(i) = p_i^α / Σ p^α with p_i = |δ_i| + 10⁻⁶; a new one gets the largest p so far, so that it is drawn once. The
    weights (N · P(i))^−β / max undo the favour in the loss. The sums lie in a binary tree: drawing is log₂ N steps.
    """

    def __init__(self, alpha: float, *layout: Any) -> None:
        super().__init__(*layout)
        self.alpha, self.beta, self.largest = alpha, 0.4, 1.0
        self.leaves = 1 << (self.size - 1).bit_length()
        self.tree = np.zeros(2 * self.leaves)

    def add(self, obs: Array, actions: Array, rewards: Array, next_obs: Array, discounts: Array) -> None:
        rows = (self.at + np.arange(len(rewards))) % self.size
        super().add(obs, actions, rewards, next_obs, discounts)
        self._put(rows, np.full(len(rows), self.largest**self.alpha))

    def _put(self, rows: Array, priorities: Array) -> None:
        node = rows + self.leaves
        self.tree[node] = priorities
        node = np.unique(node >> 1)
        while node[0] >= 1:
            # a node is the sum of its two children
            self.tree[node] = self.tree[2 * node] + self.tree[2 * node + 1]
            node = np.unique(node >> 1)

    def choose(self, batch: int, rng: np.random.Generator) -> NDArray[np.int64]:
        # one point in each of `batch` equal parts of the total: the batch covers small and large priorities
        point = (np.arange(batch) + rng.random(batch)) * (self.tree[1] / batch)
        node = np.ones(batch, np.int64)
        while node[0] < self.leaves:
            left = self.tree[2 * node]
            right = point >= left
            point = np.where(right, point - left, point)
            node = 2 * node + right
        rows: NDArray[np.int64] = np.minimum(node - self.leaves, self.count - 1)
        return rows

    def pick(self, batch: int, rng: np.random.Generator) -> Transitions:
        drawn = super().pick(batch, rng)
        # w_i = (N · P(i))^−β / max_j w_j
        chance = self.tree[drawn.rows + self.leaves] / self.tree[1]
        weights = (self.count * chance) ** -self.beta
        return drawn._replace(weights=(weights / weights.max()).astype(np.float32))

    def surprise(self, index: NDArray[np.int64], errors: Array) -> None:
        priorities = np.abs(errors) + 1e-6
        self.largest = max(self.largest, float(priorities.max()))
        self._put(index, priorities**self.alpha)

    def state(self) -> dict[str, Any]:
        leaves = self.tree[self.leaves : self.leaves + self.count].copy()
        return {**super().state(), "largest": self.largest, "priorities": torch.from_numpy(leaves)}

    def restore(self, state: dict[str, Any] | None, needed: int = 1) -> None:
        super().restore(state, needed)
        if state is not None and self.count:
            self.largest = float(state["largest"])
            self._put(np.arange(self.count), state["priorities"].numpy())


def memory_of(config: Any, encoder: Encoder, device: torch.device) -> ReplayMemory:
    """The memory that the settings of DQN ask for; pictures lie on `device`, where they fit there."""
    store = None
    if encoder.frames:
        planes = 3 if encoder.colours else 1
        again = 2 * config.n_envs * (encoder.shape[0] // planes + config.n_steps + 1)  # pictures until one comes again
        store = FrameStore(config.buffer_size, encoder.shape, device, planes, again)
    layout = (config.buffer_size, encoder.shape, encoder.dtype, (), np.int64, store)
    if config.memory == "recent":
        return RecentMemory(config.window, *layout)
    if config.memory == "prioritized":
        return PrioritizedMemory(config.prioritized_alpha, *layout)
    return ReplayMemory(*layout)


class NStep:
    """Turns single steps of some lanes into n-step transitions: R = Σ_{k<n} γ^k r_k, s' n steps on, d = γ^n.

    At the end of an episode the shorter ones come out too, so that every step is learned from.
    """

    def __init__(self, n: int, gamma: float, lanes: int) -> None:
        self.n, self.gamma = n, gamma
        self.waiting: list[list[tuple[Array, Array, float]]] = [[] for _ in range(lanes)]

    def push(
        self,
        obs: Array,
        actions: Array,
        rewards: Array,
        successor: Array,
        terminated: Array,
        truncated: Array,
        valid: Array,
    ) -> tuple[Array, Array, Array, Array, Array] | None:
        """One step of all lanes in, the finished transitions out (None: none yet)."""
        if self.n == 1 and valid.all():
            return obs, actions, rewards, successor, self.gamma * (1.0 - terminated)
        done: list[tuple[Array, Array, float, Array, float]] = []
        for i, queue in enumerate(self.waiting):
            if not valid[i]:
                continue
            queue.append((obs[i].copy(), actions[i].copy(), float(rewards[i])))
            over = terminated[i] or truncated[i]
            while queue and (over or len(queue) == self.n):
                total = 0.0
                for _, _, reward in reversed(queue):
                    total = reward + self.gamma * total
                discount = 0.0 if terminated[i] else self.gamma ** len(queue)
                done.append((queue[0][0], queue[0][1], total, successor[i].copy(), discount))
                queue.pop(0)
        if not done:
            return None
        first, chosen, totals, last, discounts = zip(*done, strict=True)
        return np.stack(first), np.stack(chosen), np.array(totals), np.stack(last), np.array(discounts)

    def clear(self) -> None:
        """Forget the steps that are still waiting (the environments start anew)."""
        for queue in self.waiting:
            queue.clear()

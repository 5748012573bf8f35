"""Vector environments for the tests: small ones of every autoreset mode, and what puts lanes together again."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from rlnb.events import EpisodesEnded, LanesStepped
from rlnb.store.lanes import Wide, joined, lane_of
from rlnb.trace import Trace, unpack_start

MODES = ["NextStep", "SameStep", "Disabled"]


class Dice(VectorEnv):
    """A native vector environment of any mode: each lane ends by chance; rewards are fractions, so that sums round."""

    def __init__(self, num_envs: int = 3, mode: str = "NextStep", whole: bool = False) -> None:
        self.num_envs, self.whole = num_envs, whole
        self.metadata = {"autoreset_mode": AutoresetMode(mode)}
        self.mode = mode
        self.single_observation_space = gym.spaces.Box(-10, 10, (2,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.single_action_space = gym.spaces.Discrete(3)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.place = np.zeros((num_envs, 2), np.float32)
        self.done = np.zeros(num_envs, bool)

    def _fresh(self, mask: Any) -> None:
        self.place[mask] = self.np_random.normal(size=(int(mask.sum()), 2))
        self.done[mask] = False

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        options = dict(options or {})
        self._fresh(options.pop("reset_mask", np.ones(self.num_envs, bool)))
        return self.place.copy(), {}

    def step(self, actions: Any) -> Any:
        actions = np.asarray(actions)
        again = self.done.copy() if self.mode == "NextStep" else np.zeros(self.num_envs, bool)
        assert self.mode != "Disabled" or not self.done.any()
        self.place = (self.place + self.np_random.normal(size=self.place.shape) * actions[:, None]).astype(np.float32)
        rewards = np.ones(self.num_envs) if self.whole else self.place[:, 0].astype(np.float64) / 3
        chance = self.np_random.random(self.num_envs)
        terminated, truncated = chance < 0.1, (chance >= 0.1) & (chance < 0.2)
        self._fresh(again)
        rewards[again], terminated[again], truncated[again] = 0.0, False, False
        self.done = terminated | truncated
        info: dict[str, Any] = {}
        if self.mode == "SameStep" and self.done.any():
            info = {"final_obs": self.place.copy(), "_final_obs": self.done.copy()}
            self._fresh(self.done.copy())
        return self.place.copy(), rewards, terminated, truncated, info


def drive(env: Any, steps: int, seed: int | None = 0, mode: str = "NextStep") -> list[Any]:
    """Everything that `env` gave back."""
    seen = [env.reset(seed=seed)]
    rng = np.random.default_rng(5)
    high = int(env.single_action_space.n)
    for _ in range(steps):
        seen.append(env.step(rng.integers(0, high, env.num_envs)))
        over = seen[-1][2] | seen[-1][3]
        if mode == "Disabled" and over.any():
            seen.append(env.reset(options={"reset_mask": over}))
    return seen


def episodes(desk: Any, session: str = "s1") -> list[dict[str, Any]]:
    """Every episode of a session, in the order of the events."""
    names = ("lane", "first", "length", "returns", "terminated", "truncated", "finished", "step", "started", "ended")
    rows = []
    for event in desk.of(EpisodesEnded, session):
        lanes = np.broadcast_to(event.lane, len(event))
        for i in range(len(event)):
            row = {name: getattr(event, name)[i] for name in names if name != "lane"}
            rows.append({**row, "lane": int(lanes[i]), "start": event.starts[i]})
    return rows


def traces(desk: Any, session: str = "s1") -> list[Trace]:
    """Every episode of a session with its steps, as the store would give them."""
    wide = joined([Wide(e.first, e.actions, e.rewards, e.ticks, e.checks) for e in desk.of(LanesStepped, session)])
    found = []
    for row in episodes(desk, session):
        begin = row["first"] - wide.first
        part = wide.part(begin, begin + row["length"])
        columns, checked = lane_of(part, row["lane"])
        body = unpack_start(row["start"])[1]
        company = None
        if len(body) == 8:
            since = int(np.frombuffer(body, np.int64)[0])
            company = wide.actions[begin - since : begin + row["length"]]
        recipe = desk.recipes[session, 0]
        flags = (bool(row["terminated"]), bool(row["truncated"]), bool(row["finished"]))
        found.append(Trace(recipe, row["start"], *columns, *flags, checked, company, row["lane"]))
    return found


def statistics(env, steps, mode):
    """Returns and lengths by lane as Gymnasium's wrapper has them."""
    env = RecordEpisodeStatistics(env, buffer_length=10**6)
    found = []
    rng = np.random.default_rng(5)
    env.reset(seed=0)
    for _ in range(steps):
        _, _, terminated, truncated, info = env.step(rng.integers(0, int(env.single_action_space.n), env.num_envs))
        for lane in np.flatnonzero(info.get("_episode", np.zeros(0))):
            found.append((int(lane), float(info["episode"]["r"][lane]), int(info["episode"]["l"][lane])))
        over = terminated | truncated
        if mode == "Disabled" and over.any():
            env.reset(options={"reset_mask": over})
    return found


def by_hand(env, steps):
    """The same for DISABLED: there Gymnasium 1.4's wrapper forgets all lanes at each partial reset, since these vector
    environments take the `reset_mask` out of the options before it looks."""
    found, total, length = [], np.zeros(env.num_envs), np.zeros(env.num_envs, int)
    rng = np.random.default_rng(5)
    env.reset(seed=0)
    for _ in range(steps):
        _, rewards, terminated, truncated, _ = env.step(rng.integers(0, 2, env.num_envs))
        total, length, over = total + rewards, length + 1, terminated | truncated
        found += [(int(lane), float(total[lane]), int(length[lane])) for lane in np.flatnonzero(over)]
        if over.any():
            env.reset(options={"reset_mask": over})
            total[over], length[over] = 0.0, 0
    return found

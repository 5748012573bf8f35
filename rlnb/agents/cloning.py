"""Behaviour cloning (Pomerleau 1991) and DAgger (Ross et al. 2011): learn to do what someone else did.

It is supervised learning: observations in, the other's actions out; no reward is needed. Its weakness is that a small
mistake leads where the other never was. DAgger mends that: play oneself, and ask the expert what should have been done.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from rlnb import hook
from rlnb.agents import evaluation, heads
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.guard import check_finite
from rlnb.agents.networks import choose_device, net, seeded
from rlnb.agents.neural import NeuralAgent
from rlnb.agents.optim import Adam
from rlnb.agents.pairs import pairs
from rlnb.agents.schedules import Linear, Number
from rlnb.agents.source import EnvLike
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class CloningConfig(NetworkConfig):
    """Settings of BehaviorCloning."""

    learning_rate: Number = Linear(3e-3, 1e-5)  # noqa: RUF009
    """Step size of Adam. Higher learns faster and stays noisy, lower is steadier and slower. Typically falls from 1e-3
    to near 0: the end of learning then averages out the noise."""
    batch_size: int = 128
    """Pairs behind one update. More is steadier and slower, fewer noisier; typically 32 to 256."""
    weight_decay: float = 1e-4
    """Pull of all weights towards 0 at each update, as a share of the learning rate. More keeps the policy simpler,
    which helps where there are few episodes; typically 0 to 1e-2."""


class BehaviorCloning(NeuralAgent[CloningConfig]):
    """Imitation of recorded episodes, for discrete and continuous actions.

    `data` is what to imitate: a pair of arrays `(observations, actions)`; a recorded session, or anything with
    `.episodes` and `.steps(i)`; a Minari dataset or one of its episodes; or a list of these. Discrete actions are whole
    numbers or one-hot rows. In `learn(steps)` a step is one **update** here.

    >>> BehaviorCloning("CartPole-v1", data=session, seed=0).learn(2_000)  # doctest: +SKIP
    """

    Settings = CloningConfig

    def __init__(
        self,
        env: EnvLike,
        data: Any = None,
        *,
        seed: int | None = None,
        eval_env: EnvLike | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(env, seed=seed, eval_env=eval_env, **settings)
        self.obs: Array = np.zeros((0, *self.encoder.shape), self.encoder.dtype)
        self.taken: Array = np.zeros(
            (0,) if self.kind == "discrete" else (0, self.n_out), np.int64 if self.kind == "discrete" else np.float32
        )
        if data is not None:
            self.add(data)

    def _build(self) -> None:
        self._open()
        with seeded(self.seed):
            self.net = net(self.encoder, self.n_out, self.config.network, self.config.activation)
        self.device, self.device_reason = choose_device(self.config.device, self.net, self.encoder.frames)
        self.flat = Flat(self.net, self.device)
        self.optimizer = Adam(self.flat)
        self.think = forward(self.net)

    # ---------------------------------------------------------------- the data
    def add(self, data: Any) -> int:
        """Take in more to imitate; returns how many pairs there are now."""
        for observations, actions in pairs(data, self.encoder.space):
            chosen = self._chosen(actions)
            if len(observations) != len(chosen):
                raise ValueError(
                    f"{len(observations)} observations, but {len(chosen)} actions: one action an observation is needed."
                )
            if not len(chosen):
                continue
            rows = np.stack([self._row(obs) for obs in observations])
            self.obs, self.taken = np.concatenate([self.obs, rows]), np.concatenate([self.taken, chosen])
        return len(self.obs)

    def _chosen(self, taken: Any) -> Array:
        """Recorded actions as the loss takes them: [n] whole numbers from 0, or [n, d] float32."""
        try:
            actions = np.asarray(taken)
        except ValueError:  # of different lengths
            actions = np.asarray(None)
        if actions.dtype.kind not in "biuf" or not actions.ndim:
            raise ValueError(f"The actions in the data are no array of numbers, one row an observation: {taken!r:.200}")
        if self.kind == "continuous":
            if len(actions) and np.prod(actions.shape[1:]) != self.n_out:
                raise ValueError(
                    f"Actions of the shape {actions.shape} in the data: {self.space} takes {self.n_out} numbers an "
                    f"observation, [n, {self.n_out}]."
                )
            return actions.reshape(len(actions), self.n_out).astype(np.float32)
        if (
            actions.ndim == 2
            and actions.shape[1] == self.n_out > 1
            and (np.sort(actions) == np.eye(self.n_out)[-1]).all()
        ):
            hot: Array = actions.argmax(1)
            return hot
        if any(width != 1 for width in actions.shape[1:]):
            raise ValueError(
                f"Actions of the shape {actions.shape} in the data: {self.space} takes one whole number an "
                f"observation, [n], or one-hot rows, [n, {self.n_out}]."
            )
        flat = actions.reshape(-1)
        broken = flat != np.floor(flat)  # NaN is not equal to itself
        if broken.any():
            raise ValueError(f"The action {flat[broken][0]} in the data is no whole number: {self.space} takes these.")
        chosen = flat.astype(np.int64) - self.first
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < self.n_out):
            raise ValueError(
                f"The actions {chosen.min() + self.first} … {chosen.max() + self.first} are not all in {self.space}."
            )
        return chosen

    def _row(self, obs: Any) -> Array:
        """A recorded observation as the network takes it."""
        space = self.encoder.space
        try:
            row = self.encoder.one(obs)
            fits = row.shape == self.encoder.shape and row.dtype == self.encoder.dtype
            if isinstance(space, spaces.Discrete):
                fits = fits and int(obs) >= int(space.start)
        except (IndexError, KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            what = (
                f"the shape {np.shape(obs)}" if isinstance(obs, np.ndarray) and obs.ndim else f"the form {obs!r:.100}"
            )
            raise ValueError(f"An observation of {what} in the data: the environment's are {space}.")
        return row

    # ---------------------------------------------------------------- one update
    def loss(self, obs: Tensor, actions: Tensor) -> Tensor:
        """How far the policy is from the actions that were taken."""
        out = self.net(obs)
        if self.kind == "discrete":
            # L = − mean log π(a | s)
            return -heads.categorical(out, actions)[0].mean()
        # L = mean |μ(s) − a|²
        return torch.nn.functional.mse_loss(out, actions)

    def update(self) -> None:
        """One step of the gradient from one batch of pairs."""
        index = self.rng.integers(len(self.obs), size=self.config.batch_size)
        obs, actions = (torch.as_tensor(part[index], device=self.device) for part in (self.obs, self.taken))
        rate, loss = self.now("learning_rate"), self.loss(obs, actions)
        check_finite({"loss": loss}, self.steps)
        self.flat.backward(loss)
        # θ ← (1 − lr · decay) θ, then Adam: decay apart from the gradient           (Loshchilov & Hutter 2019)
        for weights in self.net.parameters():
            if weights.requires_grad:  # what is frozen stays as it is
                weights.data.mul_(1 - rate * self.config.weight_decay)
        self.optimizer.step(rate)
        if self.steps % 50 == 0:
            norm = torch.linalg.vector_norm(self.flat.grad)
            hook.log(loss=loss, learning_rate=rate, grad_norm=norm, step=self.steps)

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        if self.unit == "episodes":
            raise ValueError("BehaviorCloning plays no episodes: give learn(steps), the number of updates.")
        if not len(self.obs):
            raise ValueError(
                "There is nothing to imitate. Give data=, or call agent.add(data): a session, a Minari dataset or "
                "(observations, actions). A saved agent's file does not hold its data."
            )
        self.knob("learning_rate")
        while self.going(until):
            self.update()
            self.steps += 1

    def dagger(
        self, expert: Callable[[Any], Any], rounds: int = 5, episodes: int = 5, steps: int = 1000
    ) -> BehaviorCloning:
        """Play `episodes` with the present policy, add what `expert(obs)` would have done, learn `steps` updates;
        again. Schedules go on over all rounds; Stop ends it within the present episode, and asks the expert no more.
        Where the environment has no time limit an episode is cut after 10,000 steps, with a warning."""
        env, planned = self.source.judge(self.source.model), self.steps + rounds * steps
        try:
            for turn in range(rounds):
                seen: list[Any] = []
                for episode in range(episodes):
                    if hook.stopping():
                        return self
                    seen += self.visited(env, self.seed + 1000 * turn + episode)
                if hook.stopping():
                    return self
                self.add((seen, [expert(obs) for obs in seen]))
                self.learn(steps, progress=False, planned=planned)
        finally:
            env.close()
        return self

    def visited(self, env: gym.Env[Any, Any], seed: int) -> list[Any]:
        """What the present policy sees in one episode; a Stop ends it."""
        obs, _ = env.reset(seed=seed)
        seen = [copy.deepcopy(obs)]
        while True:
            obs, _, terminated, truncated, _ = env.step(self.act(obs))
            if terminated or truncated or (len(seen) % evaluation.LOOK == 0 and hook.stopping()):
                return seen
            if len(seen) == evaluation.LIMIT and evaluation.endless(env):
                evaluation.warn_of_cut(env, "an episode of DAgger")
                return seen
            seen.append(copy.deepcopy(obs))

    # ---------------------------------------------------------------- acting, explaining, saving
    def act(self, obs: Any, greedy: bool = True) -> Any:
        rows, batch = self.rows(obs)
        out = self.think(rows)
        if self.kind == "continuous":
            return self.one_or_many(out, batch)
        return self.one_or_many(out.argmax(-1) if greedy else heads.draw(out, None, self.rng), batch)

    def explain(self, obs: Any) -> Mapping[str, Any]:
        return {"probs": heads.softmax(self.think(self.encoder.one(obs)[None])[0])} if self.kind == "discrete" else {}

    def _state(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])

    @classmethod
    def load(cls, path: str | os.PathLike[str], env: EnvLike | None = None, data: Any = None, **overrides: Any) -> Self:
        """The agent saved in `path`, to act or to go on learning: then from `data`, which a file does not hold.

        All else as `PPO.load` and the others.
        """
        agent = super().load(path, env, **overrides)
        if data is not None:
            agent.add(data)
        return agent

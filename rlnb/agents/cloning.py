"""Behaviour cloning (Pomerleau 1991) and DAgger (Ross et al. 2011): learn to do what someone else did.

It is supervised learning: observations in, the other's actions out; no reward is needed. Its weakness is that a small
mistake leads where the other never was. DAgger mends that: play oneself, and ask the expert what should have been done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents import heads
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.guard import check_finite
from rlnb.agents.lanes import EnvLike
from rlnb.agents.networks import choose_device, net, seeded
from rlnb.agents.neural import NeuralAgent
from rlnb.agents.optim import Adam
from rlnb.agents.schedules import Linear, Number
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class CloningConfig(NetworkConfig):
    """Settings of BehaviorCloning."""

    learning_rate: Number = Linear(3e-3, 1e-5)  # noqa: RUF009
    """Step size of Adam. Typically falls from 1e-3 to near 0: the end of learning then averages out the noise."""
    batch_size: int = 128
    """Pairs behind one update. Typically 32 to 256."""
    weight_decay: float = 1e-4
    """Pull of all weights towards 0 at each update, as a share of the learning rate. More keeps the policy simpler,
    which helps where there are few episodes; typically 0 to 1e-2."""


class BehaviorCloning(NeuralAgent[CloningConfig]):
    """Imitation of recorded episodes, for discrete and continuous actions.

    `data` is what to imitate: a pair of arrays `(observations, actions)`; a recorded session, or anything with
    `.episodes` and `.steps(i)`; a Minari dataset; or a list of these. In `learn(steps)` a step is one **update** here.

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
        for observations, actions in pairs(data):
            if len(observations) != len(actions):
                raise ValueError(
                    f"{len(observations)} observations, but {len(actions)} actions: one action an observation is "
                    f"needed."
                )
            chosen = np.asarray(actions)
            if self.kind == "discrete":
                chosen = chosen.reshape(-1).astype(np.int64) - self.first
                if len(chosen) and not (chosen.min() >= 0 and chosen.max() < self.n_out):
                    raise ValueError(
                        f"The actions {chosen.min() + self.first} … {chosen.max() + self.first} are not all in "
                        f"{self.space}."
                    )
            else:
                chosen = chosen.reshape(len(actions), -1).astype(np.float32)
            if not len(chosen):
                continue
            rows = np.stack([self.encoder.one(obs) for obs in observations])
            self.obs, self.taken = np.concatenate([self.obs, rows]), np.concatenate([self.taken, chosen])
        return len(self.obs)

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
        self.flat.data.data.mul_(1 - rate * self.config.weight_decay)
        self.optimizer.step(rate)
        if self.steps % 50 == 0:
            hook.log(loss=loss, learning_rate=rate, step=self.steps)

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        if not len(self.obs):
            raise ValueError(
                "There is nothing to imitate. Give data=: a session, a Minari dataset or (observations, actions)."
            )
        self.knob("learning_rate")
        while self.going(until):
            self.update()
            self.steps += 1

    def dagger(
        self, expert: Callable[[Any], Any], rounds: int = 5, episodes: int = 5, steps: int = 1000
    ) -> BehaviorCloning:
        """Play `episodes` with the present policy, add what `expert(obs)` would have done, learn `steps` updates;
        again."""
        env = self.source.make()
        for turn in range(rounds):
            seen: list[Any] = []
            for episode in range(episodes):
                obs, _ = env.reset(seed=self.seed + 1000 * turn + episode)
                over = False
                while not over:
                    seen.append(np.copy(obs))
                    obs, _, terminated, truncated, _ = env.step(self.act(obs))
                    over = terminated or truncated
            self.add((seen, [expert(obs) for obs in seen]))
            self.learn(steps, progress=False)
            if hook.stopping():
                break
        env.close()
        return self

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


def pairs(data: Any) -> list[tuple[Any, Any]]:
    """`data` as pairs (observations [T], actions [T]), one an episode."""
    if isinstance(data, tuple) and len(data) == 2:
        return [(list(data[0]), list(data[1]))]
    if isinstance(data, list):
        return [pair for part in data for pair in pairs(part)]
    if hasattr(data, "iterate_episodes"):  # Minari: observations are one longer than actions
        return [(list(e.observations)[: len(e.actions)], list(e.actions)) for e in data.iterate_episodes()]
    if hasattr(data, "episodes") and hasattr(data, "steps"):  # a session: observations come from running it again
        whole = [_columns(data.steps(i)) for i in getattr(data.episodes, "index", range(len(data.episodes)))]
        again = [pair for pair in whole if pair is not None]
        if whole and not again:
            raise ValueError(
                "None of the session's episodes gives its observations: they could not be run again exactly. "
                "Give (observations, actions) as arrays."
            )
        return again
    raise TypeError(
        f"data is {type(data).__name__}. It can be a session, a Minari dataset, a pair (observations, "
        f"actions), or a list of these."
    )


def _columns(table: Any) -> tuple[list[Any], list[Any]] | None:
    """The observation before each action, and the actions, of what `.steps(i)` gives; None without observations."""
    names = list(getattr(table, "columns", table))
    name = next((n for n in ("observation", "obs", "observations") if n in names), None)
    action = next((n for n in ("action", "actions") if n in names), None)
    if action is None:
        raise ValueError(f"steps(i) has the columns {', '.join(map(str, names))}; the actions taken are needed.")
    if name is None:
        return None
    kept = [(o, a) for o, a in zip(table[name], table[action], strict=False) if not (a is None or np.any(a != a))]
    return [o for o, _ in kept], [a for _, a in kept]

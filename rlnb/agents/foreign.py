"""What policies that are not rlnb's own make of an observation: Stable-Baselines3 models, and any torch module.

Each is asked on a copy in evaluation mode: dropout must not draw from the random numbers of the training, and batch
norms must not learn from a replay.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

Explain = Callable[[Any], Mapping[str, Any]]


def sb3(model: Any) -> Explain:
    """`fn(obs) -> {"q" | "probs" | "value": array}` of a Stable-Baselines3 model as it is now."""
    policy = copied(model)
    normalize = getattr(model, "get_vec_normalize_env", lambda: None)()

    @torch.no_grad()
    def explain(obs: Any) -> dict[str, Any]:
        seen = obs
        if normalize is not None:
            seen = normalize.normalize_obs(obs if isinstance(obs, Mapping) else np.asarray(obs))
        rows, _ = policy.obs_to_tensor(seen)
        if hasattr(policy, "q_net"):
            return {"q": _array(policy.q_net(rows))}
        if hasattr(policy, "critic"):
            actions = policy._predict(rows, deterministic=True)
            return {"value": min(float(q) for q in policy.critic(rows, actions))}
        told: dict[str, Any] = {"value": _array(policy.predict_values(rows))}
        probs = getattr(policy.get_distribution(rows).distribution, "probs", None)
        return told if probs is None or not isinstance(probs, torch.Tensor) else {"probs": _array(probs), **told}

    return explain


def copied(model: Any) -> Any:
    """The policy of a Stable-Baselines3 model as it is now, in evaluation mode: another thread may be training it."""
    memo: dict[int, Any] = {}
    distribution = getattr(model.policy, "action_dist", None)
    if distribution is not None:  # it holds tensors of the newest update's graph, which cannot be copied
        memo[id(distribution)] = fresh = copy.copy(distribution)
        fresh.distribution = None
    policy = copy.deepcopy(model.policy, memo)
    policy.set_training_mode(False)
    return policy


def _array(tensor: Any) -> np.ndarray[Any, Any]:
    numbers: np.ndarray[Any, Any] = tensor.detach().to("cpu", torch.float64).reshape(-1).numpy()
    return numbers


class Hook:
    """A forward hook that notes how a module is called: what it is given, never what it answers.

    A copy of the module carries none of it. It keeps no tensor, so no graph is kept alive.
    """

    def __init__(self, called: Callable[[], None]) -> None:
        self.called = called
        self.shape: tuple[int, ...] | None = None
        self.dtype: torch.dtype | None = None
        self.device: torch.device | None = None
        self.scaled = False  # a picture that came in with numbers from 0 to 1

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if args and isinstance(args[0], torch.Tensor):
            given = args[0]
            if self.shape is None and given.ndim >= 3 and given.is_floating_point():
                self.scaled = bool(given.detach().max() <= 1.0)
            self.shape, self.dtype, self.device = tuple(given.shape), given.dtype, given.device
        self.called()

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., None]:
        return _no_hook


def _no_hook(*_: Any) -> None:
    """What a copy of a watched module calls."""


class Module:
    """A torch module of the person's own, watched by a forward hook. Its output is what the policy is said to think.

    `kind` says what the output is: "q", "logits", "probs" or "value"; None: not known, shown as it comes.
    """

    def __init__(self, module: nn.Module, kind: str | None, called: Callable[[], None]) -> None:
        self._module = weakref.ref(module)
        self.kind = kind
        self.name = type(module).__name__
        self.hook = Hook(called)
        self._handle = module.register_forward_hook(self.hook)

    @property
    def alive(self) -> bool:
        """Whether the module is still there."""
        return self._module() is not None

    def close(self) -> None:
        """Take the hook off."""
        self._handle.remove()

    def now(self) -> Explain:
        """`fn(obs)` of the module as it is now."""
        module = self._module()
        if module is None:
            raise LookupError("the module is gone")
        if self.hook.shape is None:
            raise LookupError("the module has not been called with a tensor since rlnb.explain")
        mine = copy.deepcopy(module).eval()

        @torch.no_grad()
        def explain(obs: Any) -> dict[str, Any]:
            return self._parts(mine(self._input(obs)))

        return explain

    def _input(self, obs: Any) -> torch.Tensor:
        """The observation as the loop has given it to the module: by shape, type and device of the newest call."""
        shape = self.hook.shape
        assert shape is not None
        numbers = np.asarray(obs)
        if numbers.ndim == 3 and len(shape) >= 3 and np.moveaxis(numbers, -1, 0).shape == shape[-3:] != numbers.shape:
            numbers = np.moveaxis(numbers, -1, 0)
        if self.hook.scaled and numbers.dtype == np.uint8:
            numbers = numbers / 255.0
        one = shape[1:] if len(shape) > 1 else shape
        if numbers.size == int(np.prod(shape)):
            numbers = numbers.reshape(shape)
        elif numbers.size == int(np.prod(one)):
            numbers = numbers.reshape(1, *one)
        elif numbers.size == 1 and numbers.dtype.kind in "iu" and 0 <= int(numbers) < shape[-1]:
            hot = np.zeros(shape[-1])
            hot[int(numbers)] = 1.0
            numbers = hot if len(shape) == 1 else hot[None]
        else:
            raise ValueError(
                f"{self.name} was called with a tensor of shape {shape}, and the observation has the shape "
                f"{numbers.shape}: give rlnb.explain a function of the observation instead of the module"
            )
        return torch.as_tensor(np.ascontiguousarray(numbers), device=self.hook.device).to(self.hook.dtype)

    def _parts(self, output: Any) -> dict[str, Any]:
        if isinstance(output, torch.distributions.Categorical):
            return {"probs": _array(output.probs)}
        if isinstance(output, Mapping):
            return {str(name): _array(part) for name, part in output.items() if isinstance(part, torch.Tensor)}
        parts = list(output) if isinstance(output, tuple | list) else [output]
        told: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, torch.Tensor):
                continue
            wide = part.numel() > 1
            name = (self.kind or "output") if wide or len(parts) == 1 else "value"
            if name == "logits":
                name, part = "probs", torch.softmax(part.reshape(-1), -1)
            told.setdefault(name, _array(part))
        return told

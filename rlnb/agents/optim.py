"""Adam, RMSprop and Nesterov SGD on one row of parameters (see `fast.Flat`).

Torch's own optimizers take about 100 µs a step for what they check and look up, more than the gradient of a small
network takes; these are the same formulas, and a test shows the same numbers. The learning rate is given at each step.
Nothing is counted in Python and nothing read back, so that a step can be part of a CUDA graph (`captured.py`).

While a step is computed, numbers below 10⁻³⁸ count as 0: the memory of a unit that is off halves itself for ever, and
a processor takes a hundred times as long over such numbers.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch

from rlnb.agents.fast import Flat


@contextlib.contextmanager
def tiny_is_zero() -> Iterator[None]:
    """Inside, numbers below 10⁻³⁸ ("denormal") count as 0; afterwards it is as it was before."""
    before = float(_TINY * 0.5) == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


_TINY = torch.tensor(2.0**-126)
PART = 4096  # numbers at least that one unit of a card works on
Rate = float | torch.Tensor  # a tensor where the step is part of a recorded graph


class Optimizer:
    """One step along the gradient of a `Flat`."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.count = torch.zeros((), device=flat.data.device)  # steps taken; counted where the parameters are
        self.memory: list[torch.Tensor] = []

    def step(self, learning_rate: Rate) -> None:
        """θ ← θ − lr · (what the gradient and the memory say)"""
        with torch.no_grad(), tiny_is_zero() if self.flat.near else contextlib.nullcontext():
            self.count += 1
            if isinstance(learning_rate, torch.Tensor):  # below 0 where `Guard` found the gradient spoiled
                self.flat.grad.masked_fill_(learning_rate < 0, 0.0)
                learning_rate = learning_rate.clamp(min=0.0)
            self.move(self.flat.grad, learning_rate)

    def move(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        """The formula: change `self.flat.data` and the memory."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        return {"steps": int(self.count), "memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count.fill_(int(state["steps"]))
        for own, saved in zip(self.memory, state["memory"], strict=True):
            own.copy_(saved)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015): each parameter's step is scaled by how large its gradients have been."""

    def __init__(self, flat: Flat, eps: float = 1e-8, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        super().__init__(flat)
        self.eps, self.betas = eps, betas
        self.memory = [torch.zeros_like(flat.data.data), torch.zeros_like(flat.data.data)]
        # a card works on parts of a list side by side, and on a row of a million numbers with a few of its units only
        size = len(flat.data) if flat.near else max(PART, -(-len(flat.data) // 128))
        self._parts = [list(torch.split(row, size)) for row in (flat.data.data, *self.memory)]
        self._counts = [self.count] * len(self._parts[0])

    def move(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        if grad.device.type in ("cpu", "cuda") and hasattr(torch, "_fused_adam_"):
            self.move_at_once(grad, learning_rate)
        else:
            self.move_by_formula(grad, learning_rate)

    def move_by_formula(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        """The reference."""
        (m, v), (beta1, beta2) = self.memory, self.betas
        # m ← β₁ m + (1 − β₁) g
        m.lerp_(grad, 1 - beta1)
        # v ← β₂ v + (1 − β₂) g²
        v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        # θ ← θ − lr · m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁^t),  v̂ = v / (1 − β₂^t)
        grown1, grown2 = (-torch.expm1(self.count * math.log(beta)) for beta in self.betas)  # 1 − β^t
        root = (v / grown2).sqrt_().add_(self.eps)
        self.flat.data.data.sub_(m.div(root).mul_(learning_rate / grown1))

    def move_at_once(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        """The same in one walk through memory, a quarter of the time: what torch.optim.Adam(fused=True) calls."""
        (data, m, v), (beta1, beta2) = self._parts, self.betas
        torch._fused_adam_(
            data, list(torch.split(grad, len(data[0]))), m, v, [], self._counts, lr=learning_rate,
            beta1=beta1, beta2=beta2, weight_decay=0.0, eps=self.eps, amsgrad=False, maximize=False,
        )  # fmt: skip


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): Adam without the memory of the direction."""

    def __init__(self, flat: Flat, eps: float = 1e-5, alpha: float = 0.99) -> None:
        super().__init__(flat)
        self.eps, self.alpha = eps, alpha
        self.memory = [torch.zeros_like(flat.data.data)]

    def move(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        (v,) = self.memory
        # v ← α v + (1 − α) g²
        v.mul_(self.alpha).addcmul_(grad, grad, value=1 - self.alpha)
        # θ ← θ − lr · g / (√v + ε)
        self.flat.data.data.sub_(grad.div(v.sqrt().add_(self.eps)).mul_(learning_rate))


class NesterovSGD(Optimizer):
    """Gradient descent with Nesterov's momentum: look where the momentum leads before turning."""

    def __init__(self, flat: Flat, momentum: float = 0.95) -> None:
        super().__init__(flat)
        self.momentum = momentum
        self.memory = [torch.zeros_like(flat.data.data)]

    def move(self, grad: torch.Tensor, learning_rate: Rate) -> None:
        (b,) = self.memory
        # b ← μ b + g
        b.mul_(self.momentum).add_(grad)
        # θ ← θ − lr · (g + μ b)
        self.flat.data.data.sub_(grad.add(b, alpha=self.momentum).mul_(learning_rate))

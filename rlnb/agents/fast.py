"""Two fast paths beside the readable code, and the tests show that they give the same numbers.

`forward` runs small networks in numpy on the very memory of the torch parameters: for one observation most of torch's
time is calling, not computing. `Flat` lays all parameters of a network into one row, so that an optimizer step, a
gradient norm or a target update is one operation instead of one a layer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from rlnb.agents.captured import Captured
from rlnb.agents.spaces import Array


def dense(module: nn.Module) -> list[nn.Module] | None:
    """The layers in order where the module is a plain chain of Linear, Tanh and ReLU, else None.

    No chain is plain in which something else happens: hooks, parametrised or shared weights.
    """
    layers = list(_leaves(module))
    linear = [layer for layer in layers if type(layer) is nn.Linear]
    plain = (
        all(type(layer) in (nn.Linear, nn.Tanh, nn.ReLU) for layer in layers)
        and all(type(part) in (nn.Linear, nn.Tanh, nn.ReLU, nn.Sequential) for part in module.modules())
        and not any(_hooked(part) for part in module.modules())
        and all(layer._parameters.keys() == {"weight", "bias"} for layer in linear)  # a hook may make the weight
        and len({id(p) for layer in linear for p in layer.parameters()})
        == sum(len(list(x.parameters())) for x in linear)
    )
    return layers if plain else None


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """The layers in the order in which they are called; one that is called twice comes twice."""
    if type(module) is nn.Sequential:
        for part in module:
            yield from _leaves(part)
    else:
        yield module


def _hooked(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
    )


def forward(module: nn.Module) -> Callable[[Array], Array]:
    """`module` as a function of arrays, without gradients; in numpy where it is small, on the CPU and a plain chain."""
    first = next(module.parameters())
    layers = dense(module)
    if layers is not None and first.device.type == "cpu" and first.dtype == torch.float32:
        return _in_numpy(layers)

    @torch.no_grad()
    def through_torch(rows: Tensor) -> tuple[Tensor]:
        return (module(rows),)

    return Captured(through_torch, first.device, module).numpy


def _in_numpy(layers: list[nn.Module]) -> Callable[[Array], Array]:
    chain: list[tuple[Array | None, Array | None, str]] = []
    for layer in layers:
        if isinstance(layer, nn.Linear):
            # Views: they share memory with the parameters, and follow every optimizer step.
            chain.append(
                (layer.weight.detach().numpy().T, None if layer.bias is None else layer.bias.detach().numpy(), "")
            )
        else:
            chain.append((None, None, "tanh" if isinstance(layer, nn.Tanh) else "relu"))

    def through_numpy(rows: Array) -> Array:
        x = rows
        for weight, bias, bend in chain:
            if weight is not None:
                x = x @ weight
                if bias is not None:
                    x += bias
            elif bend == "tanh":
                x = np.tanh(x)
            else:
                x = np.maximum(x, 0.0)
        return x

    return through_numpy


class Flat:
    """All parameters of `module` as one row `data`, and their gradients as one row `grad`; the parameters are views."""

    def __init__(self, module: nn.Module, device: torch.device | None = None) -> None:
        if device is not None:
            module.to(device)
        parameters = list(module.parameters())
        with torch.no_grad():
            self.data = nn.Parameter(torch.cat([p.reshape(-1) for p in parameters]).clone())
            self.data.grad = torch.zeros_like(self.data)
            self.near = self.data.device.type == "cpu"
            at = 0
            for p in parameters:
                end = at + p.numel()
                p.data = self.data.data[at:end].view_as(p)
                p.grad = self.data.grad[at:end].view_as(p)
                at = end

    @property
    def grad(self) -> Tensor:
        """The gradient as one row."""
        assert self.data.grad is not None
        return self.data.grad

    def backward(self, loss: Tensor) -> None:
        """grad ← ∇ loss"""
        self.grad.zero_()
        torch.autograd.backward(loss)

    def clip(self, max_norm: float) -> Tensor:
        """Shrink the gradient to the norm `max_norm` where it is longer; returns the norm it had."""
        norm: Tensor = torch.linalg.vector_norm(self.grad)
        # g ← g · min(1, max_norm / |g|)
        if not self.near:  # without asking the accelerator how long it is
            self.grad.mul_((max_norm / (norm + 1e-6)).clamp(max=1.0))
        elif (length := float(norm)) > max_norm:
            self.grad.mul_(max_norm / (length + 1e-6))
        return norm

    @torch.no_grad()
    def follow(self, other: Flat, tau: float = 1.0) -> None:
        """θ ← (1 − τ) · θ + τ · θ_other: a soft target update, or a copy with τ = 1."""
        if tau == 1.0:
            self.data.copy_(other.data)
        else:
            self.data.lerp_(other.data, tau)


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    """Torch works with `number` threads inside, and with as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)

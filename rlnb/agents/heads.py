"""What the outputs of a policy network mean: logits of a Categorical, or means of a Normal.

The formulas are written out instead of using torch.distributions, which checks its arguments at every call and costs
more than the network itself where that is small.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rlnb.agents.spaces import Array

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def categorical(logits: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """log π(a | s) [batch] and entropy [batch] of a Categorical with `logits` [batch, n], `actions` [batch] int64."""
    logp = torch.log_softmax(logits, dim=-1)
    # H = − Σ_a π(a) · log π(a)
    entropy = -(logp.exp() * logp).sum(-1)
    return logp.gather(-1, actions.unsqueeze(-1)).squeeze(-1), entropy


def normal(mean: Tensor, log_std: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """log π(a | s) [batch] and entropy [batch] of independent Normals; `mean`, `actions` [batch, d], `log_std` [d]."""
    z = (actions - mean) * torch.exp(-log_std)
    # log N(a; μ, σ) = − ½ ((a − μ) / σ)² − log σ − ½ log 2π, summed over the dimensions
    logp = (-0.5 * z * z - log_std - HALF_LOG_2PI).sum(-1)
    # H = Σ ( ½ + ½ log 2π + log σ )
    entropy = (0.5 + HALF_LOG_2PI + log_std).sum().expand(logp.shape)
    return logp, entropy


def log_prob(out: Tensor, log_std: Tensor | None, actions: Tensor) -> tuple[Tensor, Tensor]:
    """`categorical` where there is no `log_std`, else `normal`."""
    return categorical(out, actions) if log_std is None else normal(out, log_std, actions)


def draw(out: Array, log_std: Array | None, rng: np.random.Generator) -> Array:
    """Actions drawn from the policy: [n] int64 from logits [n, k], or [n, d] float32 from means and `log_std` [d]."""
    if log_std is None:
        # Gumbel-max: argmax_a (logit_a + g_a) with g = − log(− log u) has probabilities softmax(logits)
        choice: Array = (out - np.log(rng.standard_exponential(out.shape, dtype=np.float32))).argmax(-1)
        return choice
    noise = rng.standard_normal(out.shape, dtype=np.float32)
    drawn: Array = out + np.exp(log_std) * noise
    return drawn


def softmax(logits: Array) -> NDArray[np.float32]:
    """Probabilities [..., n] of logits [..., n]."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = e / e.sum(axis=-1, keepdims=True)
    return probabilities

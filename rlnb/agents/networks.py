"""Small networks: the hidden layers, the convolutions for frames, and the heads of each algorithm."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rlnb.agents.spaces import Encoder

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "gelu": nn.GELU}
Sizes = tuple[int, ...] | nn.Module | str


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers inside come from `seed`; outside they go on as if nothing had happened."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def mlp(inputs: int, sizes: tuple[int, ...], activation: str) -> nn.Sequential:
    """Linear layers of the widths `sizes` with the activation after each: [batch, inputs] to [batch, sizes[-1]]."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}: it is one of {', '.join(ACTIVATIONS)}.")
    layers: list[nn.Module] = []
    for width in sizes:
        layers += [nn.Linear(inputs, width), ACTIVATIONS[activation]()]
        inputs = width
    return nn.Sequential(*layers)


class Pixels(nn.Module):
    """uint8 frames 0 … 255 to float 0 … 1: half the memory traffic and no scaled copy in the replay memory."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.float() / 255.0


def nature_cnn(shape: tuple[int, ...]) -> nn.Sequential:
    """The convolutions of the Nature DQN (Mnih et al. 2015): frames [batch, channels, height, width] to features."""
    channels = shape[0]
    return nn.Sequential(
        Pixels(),
        nn.Conv2d(channels, 32, 8, stride=4), nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2), nn.ReLU(),
        nn.Conv2d(64, 64, 3, stride=1), nn.ReLU(),
        nn.Flatten(),
    )  # fmt: skip


def width_of(module: nn.Module, encoder: Encoder) -> int:
    """How many features `module` makes of one observation."""
    probe = torch.zeros((1, *encoder.shape), dtype=torch.uint8 if encoder.frames else torch.float32)
    with torch.no_grad():
        out = module(probe)
    if out.ndim != 2:
        raise ValueError(
            f"network= gives {tuple(out.shape)} for one observation {encoder.shape}; it must give [1, features]."
        )
    return int(out.shape[1])


def trunk(encoder: Encoder, network: Sizes, activation: str) -> tuple[nn.Module, int]:
    """The part from observations to features, and the number of features. A given module is copied, never changed."""
    if isinstance(network, nn.Module):
        body: nn.Module = copy.deepcopy(network)
        return body, width_of(body, encoder)
    if isinstance(network, str):
        raise TypeError(f"network={network!r}: give the widths of the hidden layers, as (64, 64), or an nn.Module.")
    sizes = tuple(int(size) for size in network)
    if encoder.frames:
        eyes = nature_cnn(encoder.shape)
        return nn.Sequential(eyes, mlp(width_of(eyes, encoder), sizes, activation)), sizes[-1]
    (inputs,) = encoder.shape
    return mlp(inputs, sizes, activation), sizes[-1] if sizes else inputs


def orthogonal(module: nn.Module, gain: float) -> None:
    """Orthogonal weights and zero biases: on-policy methods start calmer (Engstrom et al. 2020; detail 2 of the 37)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def net(encoder: Encoder, out: int, network: Sizes, activation: str) -> nn.Sequential:
    """Observations to `out` numbers: Q-values, logits, means. PyTorch's own start values."""
    body, width = trunk(encoder, network, activation)
    return nn.Sequential(body, nn.Linear(width, out))


class Duelling(nn.Module):
    """Q(s, a) = V(s) + A(s, a) − mean_a' A(s, a')  (Wang et al. 2016, eq. 9)."""

    def __init__(self, body: nn.Module, width: int, n_actions: int) -> None:
        super().__init__()
        self.body, self.value, self.advantage = body, nn.Linear(width, 1), nn.Linear(width, n_actions)

    def forward(self, obs: Tensor) -> Tensor:
        features = self.body(obs)
        advantage: Tensor = self.advantage(features)
        q: Tensor = self.value(features) + advantage - advantage.mean(-1, keepdim=True)
        return q


class ActorCritic(nn.Module):
    """A policy and a value. Two networks for rows of numbers (each learns its own features), one trunk for frames.

    `out` is the number of actions (logits), or of dimensions (means; the log of the deviations is `log_std`, the same
    in every state).
    """

    def __init__(
        self, encoder: Encoder, out: int, network: Sizes, activation: str, log_std: float | None, value: bool = True
    ) -> None:
        super().__init__()
        body, width = trunk(encoder, network, activation)
        own = not isinstance(network, nn.Module)
        if own:
            orthogonal(body, math.sqrt(2))
        head = nn.Linear(width, out)
        orthogonal(head, 0.01)  # all actions nearly equal at the start
        self.policy = nn.Sequential(body, head)
        self.log_std = None if log_std is None else nn.Parameter(torch.full((out,), float(log_std)))
        self.value: nn.Sequential | None = None
        if value:
            eyes = body if encoder.frames else trunk(encoder, network, activation)[0]
            if own and eyes is not body:
                orthogonal(eyes, math.sqrt(2))
            worth = nn.Linear(width, 1)
            orthogonal(worth, 1.0)
            self.value = nn.Sequential(eyes, worth)
        self.shared = self.value is not None and self.value[0] is body

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits or means [batch, out], and values [batch]; a shared trunk is walked once."""
        assert self.value is not None
        if self.shared:
            features = self.policy[0](obs)
            return self.policy[1](features), self.value[1](features).squeeze(-1)
        return self.policy(obs), self.value(obs).squeeze(-1)


def choose_device(wanted: str, module: nn.Module, frames: bool) -> tuple[torch.device, str]:
    """The device for `module` and the reason in words."""
    present = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
    if wanted != "auto":
        if wanted.split(":")[0] in ("cuda", "mps") and wanted.split(":")[0] != present:
            raise ValueError(
                f"device={wanted!r}, but torch finds none here ({present or 'cpu'} is what there is). Take 'auto'; on "
                "Colab, Runtime > Change runtime type gives a GPU."
            )
        return torch.device(wanted), "as asked"
    size = sum(p.numel() for p in module.parameters())
    if present is None:
        return torch.device("cpu"), "no accelerator here"
    if frames or size > 500_000:
        return torch.device(present), f"{size:,} parameters gain from it"
    return torch.device("cpu"), f"{size:,} parameters are too few to gain from {present}"

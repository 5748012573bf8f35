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
Sizes = tuple[int, ...] | nn.Module
SMALLEST = 36  # pixels a side that the Nature DQN's convolutions need


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers inside come from `seed`; outside they go on as if nothing had happened."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would set those of a card too
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
        pixels = frames.float() / 255.0
        # the order in which a card's convolutions want them: else they put them in order, one by one
        return pixels.contiguous(memory_format=torch.channels_last) if pixels.is_cuda else pixels


def nature_cnn(shape: tuple[int, ...]) -> nn.Sequential:
    """The convolutions of the Nature DQN (Mnih et al. 2015): frames [batch, channels, height, width] to features."""
    channels, height, width = shape
    if min(height, width) < SMALLEST:
        raise ValueError(
            f"Pictures of {height} × {width} are too small for the convolutions of the Nature DQN, which need "
            f"{SMALLEST} × {SMALLEST}. Make a row of numbers of them (gymnasium.wrappers.FlattenObservation), or give "
            "an nn.Module for them as network=."
        )
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
    what = f"one observation as it comes, {probe.dtype} of the shape {tuple(probe.shape)}"
    try:
        with torch.no_grad():
            out = module(probe)
    except Exception as problem:
        raise ValueError(
            f"network= cannot take {what}: {problem}."
            + " Frames come as whole numbers 0 … 255: begin with frames.float() / 255." * encoder.frames
        ) from problem
    if not isinstance(out, Tensor) or out.ndim != 2 or len(out) != 1 or out.dtype != torch.float32:
        given = f"{out.dtype} of the shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
        raise ValueError(f"network= gives {given} for {what}: it must give float32 of the shape (1, features).")
    return int(out.shape[1])


def trunk(encoder: Encoder, network: Sizes, activation: str) -> tuple[nn.Module, int]:
    """The part from observations to features, and the number of features. A given module is copied, never changed."""
    if isinstance(network, nn.Module):
        check_steady(network)
        body: nn.Module = copy.deepcopy(network)
        return body, width_of(body, encoder)
    if encoder.frames:
        eyes = nature_cnn(encoder.shape)
        inputs = width_of(eyes, encoder)
        return nn.Sequential(eyes, mlp(inputs, network, activation)), network[-1] if network else inputs
    (inputs,) = encoder.shape
    return mlp(inputs, network, activation), network[-1] if network else inputs


def check_steady(module: nn.Module) -> None:
    """Raise a ValueError where the numbers of `module` would depend on chance or on the rest of the batch.

    The agents compare what a network said while acting with what it says while learning (PPO's ratio, DQN's target),
    and a seed fixes every random choice: such layers would break both.
    """
    for name, layer in module.named_modules():
        chance = isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0
        if chance or isinstance(layer, nn.modules.batchnorm._BatchNorm):
            depends = "chance" if chance else "the rest of the batch"
            raise ValueError(
                f"network= has a {type(layer).__name__} ({name or 'itself'}), whose output depends on {depends}: what "
                "the agent does would not be what it learned from. Leave it out; nn.LayerNorm keeps numbers in size."
            )


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
        # σ is one number a dimension and no output of the network: how wide to explore is learned from all states at
        # once, and no single state can make its σ collapse (Andrychowicz et al. 2021 found it as good)
        self.log_std = None if log_std is None else nn.Parameter(torch.full((out,), float(log_std)))
        self.value: nn.Sequential | None = None
        if value:
            eyes = body if encoder.frames else trunk(encoder, network, activation)[0]
            if own and eyes is not body:
                orthogonal(eyes, math.sqrt(2))
            worth = nn.Linear(width, 1)
            orthogonal(worth, 1.0)  # values of the size of one (scaled) reward from the start, not 0 in every state
            self.value = nn.Sequential(eyes, worth)
        self.shared = self.value is not None and self.value[0] is body

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits or means [batch, out], and values [batch]; a shared trunk is walked once."""
        assert self.value is not None
        if self.shared:
            features = self.policy[0](obs)
            return self.policy[1](features), self.value[1](features).squeeze(-1)
        return self.policy(obs), self.value(obs).squeeze(-1)


def choose_device(wanted: str, module: nn.Module, frames: bool, batch: int = 0) -> tuple[torch.device, str]:
    """The device for `module` and the reason in words. `batch`: rows of an update that a card records as a graph."""
    if not isinstance(wanted, str) or wanted.split(":")[0] not in ("auto", "cpu", "cuda", "mps"):
        raise ValueError(f"device={wanted!r}: it is 'auto', 'cpu', 'cuda' or 'mps' (or one of several, as 'cuda:1').")
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
    if present == "cuda" and size * batch > 20_000_000:
        return torch.device(present), f"{size:,} parameters gain from it with {batch} rows an update"
    return torch.device("cpu"), f"{size:,} parameters are too few to gain from {present}"

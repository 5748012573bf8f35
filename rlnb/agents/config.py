"""The settings of an agent: a dataclass an algorithm, checked when the agent is made.

The names are Stable-Baselines3's, so that what is known about one library serves in the other.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

from rlnb.agents import schedules
from rlnb.agents.schedules import Schedule

if TYPE_CHECKING:
    from torch import nn

INF = math.inf
#: The lowest and highest value that makes sense; one name means the same in every algorithm.
RANGES: dict[str, tuple[float, float]] = {
    "gamma": (0, 1), "gae_lambda": (0, 1), "tau": (0, 1), "exploration": (0, 1), "clip_range": (0, INF),
    "learning_rate": (0, INF), "n_envs": (1, INF), "n_steps": (1, INF), "n_epochs": (1, INF), "batch_size": (1, INF),
    "buffer_size": (1, INF), "learning_starts": (0, INF), "train_freq": (1, INF), "gradient_steps": (-1, INF),
    "target_update_interval": (1, INF), "max_grad_norm": (0, INF), "ent_coef": (0, INF), "vf_coef": (0, INF),
    "policy_delay": (1, INF), "threads": (1, INF), "batch_episodes": (1, INF),
    "exploration_fraction": (0, 1), "exploration_initial_eps": (0, INF), "exploration_final_eps": (0, INF),
    "prioritized_alpha": (0, 1), "prioritized_beta": (0, 1), "window": (1, INF), "weight_decay": (0, INF),
    "action_noise": (0, INF), "target_policy_noise": (0, INF), "target_noise_clip": (0, INF), "target_kl": (0, INF),
    "clip_range_vf": (0, INF), "max_grad_value": (0, INF),
}  # fmt: skip
MAY_BE_ENDLESS = ("max_grad_norm", "max_grad_value", "clip_range", "clip_range_vf", "target_noise_clip", "target_kl")
#: The settings that what was learned belongs to: no agent goes on with others of them …
BOUND = {"network", "activation", "duelling", "optimizer", "use_rms_prop", "baseline"}
#: … nor does a replay memory with others of these.
MEMORY = {"memory", "buffer_size"}
#: What settings are called elsewhere.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "alpha": ("learning_rate",), "lr": ("learning_rate",), "step_size": ("learning_rate",), "discount": ("gamma",),
    "epsilon": ("exploration", "exploration_initial_eps"), "eps": ("exploration", "exploration_initial_eps"),
    "ent_coef": ("temperature",), "lambda_": ("gae_lambda",), "lam": ("gae_lambda",), "num_envs": ("n_envs",),
    "policy_kwargs": ("network",), "net_arch": ("network",), "hidden_sizes": ("network",), "hidden": ("network",),
    "memory_size": ("buffer_size",), "replay_size": ("buffer_size",), "epochs": ("n_epochs",),
    "minibatch_size": ("batch_size",), "num_steps": ("n_steps",), "clip_coef": ("clip_range",),
    "dueling": ("duelling",), "double_q": ("double",), "policy_freq": ("policy_delay",),
    "target_network_frequency": ("target_update_interval",),
}  # fmt: skip


def number(value: Any) -> float:
    """`value` as a float; NaN where it is no number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    return float(value)


def whole(value: Any, least: int) -> bool:
    """Whether `value` is a whole number, at least `least`; 1e4 is one."""
    return number(value) >= least and number(value).is_integer()


def words(low: float, high: float) -> str:
    """The range from `low` to `high`, to be read after "a number"."""
    if high == INF:
        return "" if low == -INF else f", at least {low:g}"
    return f" between {low:g} and {high:g}"


@dataclass(kw_only=True)
class Config:
    """Settings that every algorithm has."""

    gamma: float = 0.99
    """Discount γ per step, 0 … 1: what a reward one step later is worth. Higher looks further ahead and learns
    slower; lower is short-sighted. Typically 0.9 to 0.999: about 1/(1 − γ) steps count."""

    @classmethod
    def build(cls, given: Mapping[str, Any], algorithm: str) -> Self:
        """The settings with `given` in place of the defaults; a name that is none is an error with the closest one."""
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                close = [own for own in OTHER_NAMES.get(name, ()) if own in known]
                close = close or difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(known)}."
                raise TypeError(f"{algorithm} has no setting {name!r}. {hint}")
        config = cls(**given)
        config.check(algorithm)
        return config

    def check(self, algorithm: str) -> None:
        """Raise a ValueError that names the first setting with a value that makes no sense; 1e4 becomes 10000."""
        for field in fields(self):
            value, kind = getattr(self, field.name), str(field.type)
            if value is None and kind.endswith("| None"):
                continue
            kind = kind.removesuffix(" | None")
            if kind == "str" and not isinstance(value, str):
                raise TypeError(f"{algorithm}: {field.name}={value!r}: it is a word, as {field.default!r}.")
            if kind == "bool":
                fits, must = value in (False, True), "True or False"
            elif kind in ("int", "float", "Number"):
                low, high = self.span(field.name)
                ends = (value(0.0), value(1.0)) if kind == "Number" and isinstance(value, Schedule) else (value,)
                fits = all(low <= number(end) <= high for end in ends)
                fits = fits and (field.name in MAY_BE_ENDLESS or all(math.isfinite(number(end)) for end in ends))
                fits = fits and (kind != "int" or number(value).is_integer())
                must = ("a whole number" if kind == "int" else "a number") + words(low, high)
                must += ", or a schedule, as Linear(1e-3)" if kind == "Number" else ""
            else:
                continue
            if not fits:
                raise ValueError(f"{algorithm}: {field.name}={value!r} makes no sense, it must be {must}.")
            if not isinstance(value, Schedule):
                setattr(self, field.name, {"bool": bool, "int": int}.get(kind, float)(value))

    def span(self, name: str) -> tuple[float, float]:
        """The lowest and highest value of the setting that make sense."""
        return RANGES.get(name, (-INF, INF))

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words (a given network only as the word "given"), for a checkpoint or a table."""
        document: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Schedule):
                value = value.to_dict()
            elif hasattr(value, "state_dict"):  # a network: its numbers are saved, not its code
                value = "given"
            elif isinstance(value, tuple):
                value = list(value)
            document[field.name] = value
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], algorithm: str) -> Self:
        """The settings that `to_dict` wrote down."""
        given = {}
        for name, value in document.items():
            if isinstance(value, dict) and "schedule" in value:
                if value["schedule"] not in schedules.KINDS:
                    raise ValueError(
                        f"{algorithm}: {name} is a schedule of your own ({value['schedule']}), whose code is not in "
                        f"the file. Give {name}=."
                    )
                value = schedules.from_dict(value)
            elif isinstance(value, list):
                value = tuple(value)
            given[name] = value
        return cls.build(given, algorithm)

    @classmethod
    def reopened(cls, saved: Mapping[str, Any], overrides: Mapping[str, Any], bound: Set[str], algorithm: str) -> Self:
        """The settings in a file with `overrides` in place of some; those in `bound` stay as they are."""
        for name in bound & overrides.keys():
            kept = tuple(saved[name]) if isinstance(saved.get(name), list) else saved.get(name)
            if kept not in ("given", overrides[name]):
                raise ValueError(
                    f"{algorithm}.load({name}={overrides[name]!r}): what the agent learned belongs to {name}={kept!r}. "
                    "Leave it out, or make a new agent."
                )
        document = {**saved, **overrides}
        if document.get("network") == "given":
            raise ValueError("The agent has a network of your own, whose code is not in the file. Give network=.")
        return cls.from_dict(document, algorithm)


@dataclass(kw_only=True)
class NetworkConfig(Config):
    """Settings that every algorithm with a neural network has."""

    network: tuple[int, ...] | nn.Module = (64, 64)
    """Widths of the hidden layers, or your own `nn.Module` from observations, float32 [batch, …] (frames: uint8
    [batch, channels, height, width]), to features, float32 [batch, features]. Wider can represent more
    and is slower; typically (64, 64) to (256, 256). Frames get the convolutions of the Nature DQN before it. A module
    of yours has no Dropout or BatchNorm (LayerNorm does it): it must give the same for the same, always."""
    activation: str = "tanh"
    """The bend between layers: "tanh", "relu", "elu" or "gelu". Tanh is steady for on-policy, relu fast for DQN and
    SAC."""
    n_envs: int = 1
    """Environments stepped side by side. More gives less correlated data and fewer calls, at fewer steps each;
    typically 1 to 64."""
    vectorization_mode: str = "sync"
    """"sync": all environments in this process, best for cheap ones. "async": a process each (AsyncVectorEnv)."""
    device: str = "auto"
    """Where the network lives: "auto", "cpu", "cuda" or "mps". Auto takes the accelerator only for networks large
    enough to gain from it."""
    threads: int = 1
    """Threads of one torch operation while learning. 1 is the fastest for small networks; more pays above about
    1000 units a layer. Typically 1. The number from before comes back after `learn`."""

    def check(self, algorithm: str) -> None:
        if type(self.device).__name__ == "device":  # torch's own
            self.device = str(self.device)
        super().check(algorithm)
        if hasattr(self.network, "state_dict") and not isinstance(self.network, type):
            return
        if not isinstance(self.network, tuple | list) or not all(
            number(width) >= 1 and number(width).is_integer() for width in self.network
        ):
            raise TypeError(
                f"{algorithm}: network={self.network!r}. It takes the widths of the hidden layers, as (64, 64), or an "
                "nn.Module."
            )
        self.network = tuple(int(width) for width in self.network)

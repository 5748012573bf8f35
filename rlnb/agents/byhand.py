"""The gradient of a small network, worked out by hand: a fast path beside the readable losses.

For a chain of Linear, Tanh and ReLU layers of a few dozen units, autograd spends most of its time on keeping its books.
The chain rule written out is a dozen operations; a test shows that it gives the gradient autograd gives. What an agent
*means* stands in its `loss`; what is here only gets to the same numbers sooner, on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rlnb.agents import heads
from rlnb.agents.fast import dense
from rlnb.agents.memory import Transitions
from rlnb.agents.networks import ActorCritic

EMPTY = torch.empty(0)
Layer = tuple[type[nn.Module], Tensor, Tensor | None, Tensor, Tensor | None]
TANH_BACK = torch.ops.aten.tanh_backward.grad_input
Pool = dict[tuple[str, int, int], Tensor]  # what for, rows, width: an array that is used again and again
RELU_BACK = torch.ops.aten.threshold_backward.grad_input


class Chain:
    """A plain chain of layers, forward and back. The gradients are written over those of the parameters.

    What the layers in between compute lies in arrays that are used again at the next call with as many rows.
    """

    def __init__(self, layers: list[Layer], pool: Pool | None = None, name: str = "") -> None:
        # what each layer computes; of a Linear its weight, bias and their gradients, which stay where they are
        self.layers = layers
        self.pool, self.name = {} if pool is None else pool, name
        self.rooms: dict[int, list[tuple[Tensor, Tensor]]] = {}  # rows: of each layer room for its output and its slope
        self.kept: list[Tensor] = []  # what went into each layer, and what came out of the last

    @classmethod
    def of(cls, module: nn.Module | None, pool: Pool | None = None, name: str = "") -> Chain | None:
        """The chain that `module` is, or None where it is something else or not on the CPU."""
        modules = None if module is None else dense(module)  # whose parameters lie in a `Flat`, gradients and all
        if modules is None or any(p.device.type != "cpu" for layer in modules for p in layer.parameters()):
            return None
        layers: list[Layer] = []
        for layer in modules:
            if isinstance(layer, nn.Linear):
                bias, grad = (None, None) if layer.bias is None else (layer.bias.detach(), layer.bias.grad)
                assert layer.weight.grad is not None
                layers.append((nn.Linear, layer.weight.detach(), bias, layer.weight.grad, grad))
            else:
                layers.append((type(layer), EMPTY, None, EMPTY, None))
        return cls(layers, pool, name)

    def room(self, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Of each layer the array for its output, and the array for the slope that it hands on."""
        rooms = self.rooms.get(len(rows))
        if rooms is None:
            rooms, width, before = [], rows.shape[1], None
            for i, (kind, weight, *_) in enumerate(self.layers):
                inputs, width = width, len(weight) if kind is nn.Linear else width
                # a bend after a Linear writes over what that gave, for only what it makes of it is needed
                out = rooms[-1][0] if before is nn.Linear and kind is not nn.Linear else self.array(rows, width, i)
                rooms.append((out, self.array(rows, inputs, f"slope {i % 2}")))
                before = kind
            if len(self.rooms) == 8:  # many sizes of batches: do not keep room for all
                self.rooms.clear()
                self.pool.clear()
            self.rooms[len(rows)] = rooms
        return rooms

    def array(self, rows: Tensor, width: int, what: int | str) -> Tensor:
        """An array [rows, width] of the pool; slopes are shared, since they are used up at once."""
        key = (what if isinstance(what, str) else f"{self.name} {what}", len(rows), width)
        return self.pool.setdefault(key, rows.new_empty((len(rows), width)))

    def forward(self, rows: Tensor) -> Tensor:
        """[batch, inputs] to [batch, outputs]."""
        x, self.kept, rooms, last = rows, [rows], self.room(rows), len(self.layers) - 1
        for i, (kind, weight, bias, _, _) in enumerate(self.layers):
            out = rooms[i][0] if i < last else None  # what is given back is the caller's
            if kind is nn.Linear:
                # y = x Wᵀ + b
                w = weight.t()
                x = torch.mm(x, w, out=out) if bias is None else torch.addmm(bias, x, w, out=out)
            else:
                x = torch.tanh(x, out=out) if kind is nn.Tanh else torch.clamp_min(x, 0.0, out=out)
            self.kept.append(x)
        return x

    __call__ = forward

    def backward(self, slope: Tensor, learn: bool = True, inputs: slice | None = None) -> Tensor:
        """From ∂L/∂y of the last `forward` [batch, outputs] to ∂L/∂θ, in the `.grad` of the parameters.

        `learn=False` leaves those alone; `inputs`: of which columns of the input ∂L/∂x [batch, columns] is wanted.
        """
        rooms = self.room(self.kept[0])
        for i in reversed(range(len(self.layers))):
            (kind, weight, _, by_weight, by_bias), x, y = self.layers[i], self.kept[i], self.kept[i + 1]
            room = rooms[i][1]
            if kind is nn.Linear:
                # ∂L/∂W = (∂L/∂y)ᵀ x,  ∂L/∂b = Σ ∂L/∂y,  ∂L/∂x = ∂L/∂y W
                if learn:
                    torch.mm(slope.t(), x, out=by_weight)
                    if by_bias is not None:
                        torch.sum(slope, 0, out=by_bias)
                if i:
                    slope = torch.mm(slope, weight, out=room)
                elif inputs is not None:
                    slope = torch.mm(slope, weight[:, inputs])
            elif kind is nn.Tanh:
                slope = TANH_BACK(slope, y, grad_input=room)  # ∂L/∂x = ∂L/∂y (1 − y²)
            else:
                slope = RELU_BACK(slope, y, 0, grad_input=room)  # ∂L/∂x = ∂L/∂y where y > 0
        return slope


def frozen(module: nn.Module) -> bool:
    """Whether some weights are to stay as they are (`requires_grad=False`)."""
    return not all(p.requires_grad for p in module.parameters())


class PolicyAndValue:
    """Forward and back through an `ActorCritic` of two plain chains."""

    def __init__(self, policy: Chain, value: Chain, log_std: nn.Parameter | None) -> None:
        self.policy, self.value, self.log_std = policy, value, log_std
        self.back: Callable[[Tensor, float], Tensor]

    @classmethod
    def of(cls, net: ActorCritic) -> PolicyAndValue | None:
        """None where the network is not two plain chains on the CPU, or partly frozen."""
        policy, value = Chain.of(net.policy), Chain.of(net.value)
        if policy is None or value is None or net.shared or frozen(net):
            return None
        return cls(policy, value, net.log_std)

    def forward(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """log π(a | s) and V(s) [batch]."""
        out = self.policy.forward(obs)
        logp = self._categorical(out, actions) if self.log_std is None else self._normal(out, actions)
        return logp, self.value.forward(obs).squeeze(1)

    def backward(self, by_logp: Tensor, by_value: Tensor, bonus: float) -> None:
        """From ∂L/∂(log π) and ∂L/∂V [batch]; `bonus` is the weight of each row's entropy in −L."""
        self.policy.backward(self.back(by_logp, bonus))
        self.value.backward(by_value.unsqueeze(1))

    def _categorical(self, logits: Tensor, actions: Tensor) -> Tensor:
        every = torch.log_softmax(logits, 1)
        chosen = actions.unsqueeze(1)

        def back(by_logp: Tensor, bonus: float) -> Tensor:
            p = every.exp()
            # ∂ log π(a) / ∂z_j = 1[j = a] − π(j)
            slope = (-by_logp.unsqueeze(1) * p).scatter_add_(1, chosen, by_logp.unsqueeze(1))
            if bonus:
                # ∂H/∂z_j = −π(j) (log π(j) + H)
                entropy = -(p * every).sum(1, keepdim=True)
                slope += bonus * p * (every + entropy)
            return slope

        self.back = back
        return every.gather(1, chosen).squeeze(1)

    def _normal(self, mean: Tensor, actions: Tensor) -> Tensor:
        assert self.log_std is not None
        log_std, sharp = self.log_std, torch.exp(-self.log_std)
        z = (actions - mean) * sharp

        def back(by_logp: Tensor, bonus: float) -> Tensor:
            column = by_logp.unsqueeze(1)
            # ∂ log π / ∂ log σ = z² − 1,  ∂H / ∂ log σ = 1
            torch.sum(column * (z * z - 1), 0, out=log_std.grad)
            assert log_std.grad is not None
            log_std.grad -= bonus * len(z)
            # ∂ log π / ∂μ = z / σ
            return column * z * sharp

        self.back = back
        return (-0.5 * z * z - log_std - heads.HALF_LOG_2PI).sum(1)


class QValues:
    """Forward and back through the Q-networks of DQN where they are plain chains: the loss of one batch at once."""

    def __init__(self, q: Chain, target: Chain, double: bool) -> None:
        self.q, self.target, self.double = q, target, double

    @classmethod
    def of(cls, q: nn.Module, target: nn.Module, double: bool) -> QValues | None:
        """None where the networks are not plain chains on the CPU, or partly frozen."""
        ours, theirs = Chain.of(q), Chain.of(target)
        return None if ours is None or theirs is None or frozen(q) else cls(ours, theirs, double)

    @torch.no_grad()
    def gradient(self, batch: Transitions) -> tuple[Tensor, Tensor]:
        """∇ of DQN's loss into the parameters; returns the errors δ and Q(s, a) [batch]."""
        after = self.target.forward(batch.next_obs)
        if self.double:
            best = after.gather(1, self.q.forward(batch.next_obs).argmax(1, keepdim=True)).squeeze(1)
        else:
            best = after.amax(1)
        q, chosen = self.q.forward(batch.obs), batch.actions.unsqueeze(1)
        value = q.gather(1, chosen).squeeze(1)
        errors = value - batch.rewards - batch.discounts * best
        # the slope of Huber's loss is δ, held to ±1; the mean over the batch shares it out
        slope = (errors.clamp(-1, 1) * batch.weights).div_(len(errors)).unsqueeze(1)
        self.q.backward(torch.zeros_like(q).scatter_(1, chosen, slope))
        return errors, value

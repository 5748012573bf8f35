"""`rlnb.evaluate`: a policy over fixed seeds, greedily, recorded as a session of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.errors import BadValue

TAG = "evaluation"


def evaluate(policy: Any, env: Any, episodes: int = 20, seed: int = 42) -> Session:
    """Run `policy` for whole episodes, greedily: episode i begins with `reset(seed=seed + i)`. Learns nothing.

    `policy` is any `act(obs) -> action`, an rlnb agent, a Stable-Baselines3 model, or a torch module: the action is
    then the index of its largest output (discrete actions), or the output itself, clipped to the space's bounds.
    `env` is an id, an environment, or a factory of one. Returns the evaluation session; its tag is "evaluation".

    >>> s = rlnb.evaluate(lambda obs: 0, "CartPole-v1", episodes=3)    # doctest: +SKIP
    >>> s.episodes["return"].mean()                                     # doctest: +SKIP
    9.33
    """
    import gymnasium

    if isinstance(episodes, bool) or not isinstance(episodes, int) or episodes < 1:
        raise BadValue(f"rlnb.evaluate(episodes={episodes!r}): a whole number from 1 on is needed.")
    room = the_room()
    ours = not isinstance(env, gymnasium.Env)
    made: Any = gymnasium.make(env) if isinstance(env, str) else env() if callable(env) and ours else env
    if not isinstance(made, gymnasium.Env):
        raise BadValue(f"rlnb.evaluate(env={env!r:.80}): an id, a gymnasium.Env or a factory of one is needed.")
    act = acting(policy, made.action_space)
    room.desk.capture.watch(made)
    name = f"{getattr(policy, '__name__', type(policy).__name__)} evaluation"
    try:
        with room.desk.block(name=name, params={}, tags=(TAG,), seed=seed, total_steps=None) as running:
            for i in range(episodes):
                observation, _ = made.reset(seed=seed + i)
                over = False
                while not over:
                    observation, _, terminated, truncated, _ = made.step(act(observation))
                    over = bool(terminated or truncated)
        return Session(room, running.id)
    finally:
        if ours:
            made.close()


def acting(policy: Any, space: Any) -> Callable[[Any], Any]:
    """`act(obs) -> action`, greedy, of whatever the person gave."""
    if isinstance(policy, type):
        raise BadValue(
            f"rlnb.evaluate(policy={policy.__name__}): that is a class. Make one and let it learn: "
            f"{policy.__name__}(...).learn(...)."
        )
    if callable(getattr(policy, "act", None)):
        return lambda observation: policy.act(observation, greedy=True)
    if callable(getattr(policy, "predict", None)):
        return lambda observation: policy.predict(observation, deterministic=True)[0]
    if callable(getattr(policy, "parameters", None)) and callable(getattr(policy, "forward", None)):
        return _of_module(policy, space)
    if callable(policy):
        act: Callable[[Any], Any] = policy
        return act
    raise BadValue(
        f"rlnb.evaluate(policy={policy!r:.80}): give a function act(obs) -> action, an rlnb agent, a "
        "Stable-Baselines3 model or a torch module."
    )


def _of_module(module: Any, space: Any) -> Callable[[Any], Any]:
    import numpy as np
    from gymnasium import spaces

    torch = sys.modules["torch"]  # loaded, since one of its modules was given

    if not isinstance(space, spaces.Discrete | spaces.Box):
        raise BadValue(f"rlnb.evaluate: a torch module acts in Discrete and Box spaces, not in {space}; give act(obs).")

    def act(observation: Any) -> Any:
        first = next(module.parameters(), torch.zeros(0))
        with torch.no_grad():
            given = torch.as_tensor(np.asarray(observation), dtype=first.dtype, device=first.device)
            output = module(given.unsqueeze(0)).squeeze(0).cpu().numpy()
        if isinstance(space, spaces.Discrete):
            return int(np.argmax(output)) + int(space.start)
        return np.clip(output, space.low, space.high).astype(space.dtype).reshape(space.shape)

    return act

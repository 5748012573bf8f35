"""Why an episode ended, in words, where the environment can be asked. Runs in the worker only.

Each rule reads the environment after its last step; none is believed blindly: a rule that finds nothing says nothing,
and an environment that no rule knows has none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.replays.atlas import base

if TYPE_CHECKING:
    from rlnb.replays.simulate import Moment

Rule = Callable[[Any, "Moment"], "str | None"]


def reason(env: Any, env_id: str | None, moment: Moment, limit: int | None) -> str:
    """The words for the end at `moment`; "" where it did not end there."""
    if not (moment.terminated or moment.truncated):
        return ""
    said: list[str] = []
    if moment.terminated:
        said.append(_told(_RULES.get(base(env_id), _general), env.unwrapped, moment) or "the environment ended it")
    if moment.truncated:
        reached = limit is not None and moment.k >= limit
        said.append(f"time limit of {limit} steps" if reached else "cut off by the environment or a wrapper")
    return "; ".join(said)


def _told(rule: Rule, env: Any, moment: Moment) -> str | None:
    try:
        return rule(env, moment)
    except Exception:  # a rule that does not fit this version of the environment knows nothing
        return None


def _degrees(radians: float) -> str:
    return f"{math.degrees(abs(radians)):.1f}°"


def _cartpole(env: Any, moment: Moment) -> str | None:
    position, _, angle, _ = (float(number) for number in moment.observation)
    said = []
    if abs(angle) > env.theta_threshold_radians:
        said.append(f"pole angle {_degrees(angle)} > {math.degrees(env.theta_threshold_radians):g}°")
    if abs(position) > env.x_threshold:
        said.append(f"cart position {abs(position):.2f} m > {env.x_threshold:g} m")
    return " and ".join(said) or None


def _mountain_car(env: Any, moment: Moment) -> str | None:
    position = float(moment.observation[0])
    goal = float(env.goal_position)
    return f"car position {position:.2f} m ≥ {goal:g} m: the flag" if position >= goal else None


def _acrobot(env: Any, moment: Moment) -> str | None:
    first, second = float(env.state[0]), float(env.state[1])
    height = -math.cos(first) - math.cos(first + second)
    return f"the tip's height {height:.2f} > 1: above the line" if height > 1.0 else None


def _frozen_lake(env: Any, moment: Moment) -> str | None:
    row, column = divmod(int(moment.observation), int(env.ncol))
    letter = bytes(env.desc[row, column])
    what = {b"H": "fell into the hole", b"G": "reached the goal"}.get(letter)
    return None if what is None else f"{what} in row {row}, column {column}"


def _cliff_walking(env: Any, moment: Moment) -> str | None:
    row, column = np.unravel_index(int(moment.observation), env.shape)
    return f"reached the goal in row {row}, column {column}"


def _taxi(env: Any, moment: Moment) -> str | None:
    return "the passenger was dropped at the destination" if moment.reward > 0 else None


def _blackjack(env: Any, moment: Moment) -> str | None:
    player = int(moment.observation[0])
    if player > 21:
        return f"bust: {player} > 21"
    cards = list(env.dealer)
    dealer = sum(cards) + (10 if 1 in cards and sum(cards) + 10 <= 21 else 0)
    word = "won" if moment.reward > 0 else "lost" if moment.reward < 0 else "drew"
    return f"{word}: {player} against the dealer's {dealer}"


def _lunar_lander(env: Any, moment: Moment) -> str | None:
    sideways = float(moment.observation[0])
    if not env.lander.awake:
        return "came to rest on the ground"
    if env.game_over:
        return "crashed: the hull touched the ground"
    return f"left the picture: horizontal position {sideways:.2f} beyond ±1" if abs(sideways) >= 1 else None


def _bipedal_walker(env: Any, moment: Moment) -> str | None:
    if env.game_over:
        return "fell: the hull touched the ground"
    return "walked off the left edge" if env.hull.position[0] < 0 else "reached the end of the terrain"


def _car_racing(env: Any, moment: Moment) -> str | None:
    finished = moment.info.get("lap_finished")
    return (
        {True: "the lap is finished", False: "left the playing field"}.get(finished) if finished is not None else None
    )


def _upright(env: Any, moment: Moment) -> str | None:
    """MuJoCo's "healthy" ranges of height and angle."""
    height_at = {"Hopper": 1, "Walker2d": 1}.get(type(env).__name__.removesuffix("Env"), 2)
    height = float(env.data.qpos[height_at])
    said = []
    low, high = env._healthy_z_range
    if not low < height < high:
        said.append(f"height {height:.2f} m outside {low:g} to {high:g} m")
    angles = getattr(env, "_healthy_angle_range", None)
    if angles is not None:
        angle = float(env.data.qpos[2])
        if not angles[0] < angle < angles[1]:
            said.append(f"angle {angle:.2f} rad outside {angles[0]:g} to {angles[1]:g} rad")
    return " and ".join(said) or None


def _inverted_pendulum(env: Any, moment: Moment) -> str | None:
    angle = float(moment.observation[1])
    return f"pole angle {abs(angle):.3f} rad > 0.2 rad" if abs(angle) > 0.2 else None


def _double_pendulum(env: Any, moment: Moment) -> str | None:
    height = float(env.data.site_xpos[0][2])
    return f"the tip's height {height:.2f} m ≤ 1 m" if height <= 1 else None


def _general(env: Any, moment: Moment) -> str | None:
    """Atari: the emulator knows."""
    ale = getattr(env, "ale", None)
    if ale is None:
        return None
    return "game over" if ale.game_over(with_truncation=False) else f"a life was lost ({ale.lives()} left)"


_RULES: dict[str, Rule] = {
    "CartPole": _cartpole,
    "MountainCar": _mountain_car,
    "MountainCarContinuous": _mountain_car,
    "Acrobot": _acrobot,
    "FrozenLake": _frozen_lake,
    "CliffWalking": _cliff_walking,
    "Taxi": _taxi,
    "Blackjack": _blackjack,
    "LunarLander": _lunar_lander,
    "BipedalWalker": _bipedal_walker,
    "CarRacing": _car_racing,
    "Hopper": _upright,
    "Walker2d": _upright,
    "Ant": _upright,
    "Humanoid": _upright,
    "InvertedPendulum": _inverted_pendulum,
    "InvertedDoublePendulum": _double_pendulum,
}

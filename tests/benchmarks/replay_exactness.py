"""How many episodes run again to the bit: recorded in one process, unseeded and without a render mode; run in another.

python tests/benchmarks/replay_exactness.py [--quick] [--atari] [--steps 2000] [family words ...]

Prints one row a variant: episodes, exact ones, and where the others left the recording.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

FAMILIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "classic control": [
        ("CartPole-v1", {}),
        ("MountainCar-v0", {"max_episode_steps": 100}),
        ("MountainCarContinuous-v0", {"max_episode_steps": 100}),
        ("Pendulum-v1", {}),
        ("Acrobot-v1", {"max_episode_steps": 100}),
    ],
    "toy text": [
        ("FrozenLake-v1", {}),
        ("FrozenLake8x8-v1", {}),
        ("Taxi-v4", {}),
        ("CliffWalking-v1", {"max_episode_steps": 100}),
        ("CliffWalkingSlippery-v1", {"max_episode_steps": 100}),
        ("Blackjack-v1", {}),
    ],
    "Box2D": [
        ("LunarLander-v3", {}),
        ("LunarLander-v3", {"continuous": True, "enable_wind": True}),
        ("CarRacing-v3", {"max_episode_steps": 100}),
    ],
    "MuJoCo": [
        ("Ant-v5", {"max_episode_steps": 200}),
        ("HalfCheetah-v5", {"max_episode_steps": 200}),
        ("Hopper-v5", {"max_episode_steps": 200}),
        ("Humanoid-v5", {"max_episode_steps": 200}),
        ("HumanoidStandup-v5", {"max_episode_steps": 200}),
        ("InvertedDoublePendulum-v5", {"max_episode_steps": 200}),
        ("InvertedPendulum-v5", {"max_episode_steps": 200}),
        ("Pusher-v5", {"max_episode_steps": 100}),
        ("Reacher-v5", {"max_episode_steps": 50}),
        ("Swimmer-v5", {"max_episode_steps": 200}),
        ("Walker2d-v5", {"max_episode_steps": 200}),
    ],
    "Atari": [
        ("ALE/MsPacman-v5", {"max_episode_steps": 200}),
        ("ALE/Breakout-v5", {"max_episode_steps": 200, "repeat_action_probability": 0.25}),
        ("ALE/Pong-v5", {"max_episode_steps": 200, "obs_type": "ram", "frameskip": (2, 5)}),
        ("ALE/SpaceInvaders-v5", {"max_episode_steps": 200, "obs_type": "grayscale"}),
    ],
    "upstream's own": [("BipedalWalker-v3", {}), ("BipedalWalkerHardcore-v3", {})],
}
QUICK = {"CartPole-v1", "FrozenLake-v1", "Blackjack-v1", "LunarLander-v3", "HalfCheetah-v5", "ALE/Breakout-v5"}


def variants(words: list[str], quick: bool, atari: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """(family, id, keyword arguments) of what is asked for."""
    rows = [(family, *one) for family, ones in FAMILIES.items() for one in ones]
    if atari:
        import ale_py
        import gymnasium

        gymnasium.register_envs(ale_py)
        games = [id for id in gymnasium.registry if id.startswith("ALE/")]
        rows = [("Atari", id, {"max_episode_steps": 200}) for id in games]
    if quick:
        rows = [row for row in rows if row[1] in QUICK]
    return [row for row in rows if not words or any(word.lower() in f"{row[0]} {row[1]}".lower() for word in words)]


def record(rows: list[tuple[str, str, dict[str, Any]]], steps: int) -> None:
    """One session a variant: at least 20 episodes and `steps` steps of random play."""
    import ale_py
    import gymnasium

    import rlnb

    rlnb.install()
    gymnasium.register_envs(ale_py)
    for number, (_, id, kwargs) in enumerate(rows):
        with contextlib.redirect_stderr(None), rlnb.session(f"variant {number}"):
            env = gymnasium.make(id, **kwargs)
            taken = episodes = 0
            while taken < steps and episodes < 200:
                env.reset()
                over = False
                while not over:
                    *_, terminated, truncated, _ = env.step(env.action_space.sample())
                    over, taken = terminated or truncated, taken + 1
                episodes += 1
            env.close()


def verify(rows: list[tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Run everything again, in the worker of this process."""
    import rlnb

    found = []
    for number, (family, id, kwargs) in enumerate(rows):
        table = rlnb.get(f"variant {number}").verify()
        exact = table["verdict"] == "exact"
        found.append(
            {
                "family": family,
                "id": id,
                "kwargs": {k: v for k, v in kwargs.items() if k != "max_episode_steps"},
                "episodes": len(table),
                "exact": int(exact.sum()),
                "left": [
                    f"{v} at step {s}" for v, s in zip(table["verdict"][~exact], table["step"][~exact], strict=True)
                ],
            }
        )
    return found


def measure(rows: list[tuple[str, str, dict[str, Any]]], steps: int) -> list[dict[str, Any]]:
    """Record in one process and run again in another, both fresh."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "RLNB_HOME": home}
        for part in ("record", "verify"):
            command = [sys.executable, "-W", "ignore", __file__, f"--part={part}", f"--steps={steps}"]
            done = subprocess.run(
                command, input=json.dumps(rows), env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
    found: list[dict[str, Any]] = json.loads(done.stdout.rpartition("FOUND")[2])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--atari", action="store_true", help="every game of ale-py instead")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--part", choices=["record", "verify"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part == "record":
        record(_rows(), asked.steps)
    elif asked.part == "verify":
        print("FOUND" + json.dumps(verify(_rows())))
    else:
        found = measure(variants(asked.words, asked.quick, asked.atari), asked.steps)
        print("| family | environment | episodes | exact | the others |\n|---|---|---|---|---|")
        for row in found:
            kwargs = "".join(f" {k}={v}" for k, v in row["kwargs"].items())
            print(
                f"| {row['family']} | {row['id']}{kwargs} | {row['episodes']} | {row['exact']} "
                f"| {', '.join(row['left'][:3])}{' ...' if len(row['left']) > 3 else ''} |"
            )
        total, exact = sum(r["episodes"] for r in found), sum(r["exact"] for r in found)
        print(f"| all | | {total} | {exact} | {100 * exact / max(total, 1):.2f} % |")


def _rows() -> list[tuple[str, str, dict[str, Any]]]:
    rows: list[tuple[str, str, dict[str, Any]]] = json.load(sys.stdin)
    for _, _, kwargs in rows:
        if isinstance(kwargs.get("frameskip"), list):
            kwargs["frameskip"] = tuple(kwargs["frameskip"])
    return rows


if __name__ == "__main__":
    main()

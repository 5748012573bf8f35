"""What watching costs a loop at full speed: `python tests/benchmarks/watch_cost.py [repetitions]`.

CartPole stepped and recorded in this process, in turns: nobody watches; somebody watches an environment that is drawn
between two steps; somebody watches one without a render mode, which runs along in the replay process. The page is made
of paper and asks for the next picture at once. Printed: µs a step (processor time of this process, all its threads)
with and without somebody who watches, what a picture costs then, pictures and bytes a second.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

SECONDS = 4.0  # of a turn


class Page:
    """Takes pictures and asks for the next."""

    def __init__(self, room: Any) -> None:
        self.room, self.pictures, self.bytes = room, 0, 0

    def ask(self) -> None:
        if self.room.current is not None:
            self.room.onlookers.command(self.room.current, self, "watch", {"view": "page"})

    def glance(self, views: list[str], lane: int, picture: bytes, words: str) -> None:
        self.pictures += 1
        self.bytes += len(picture)
        self.ask()

    def glance_note(self, views: list[str], text: str) -> None:
        self.ask()


def turn(room: Any, make: Callable[[], Any], watched: bool) -> tuple[float, float, float, float]:
    """(µs a step, steps a picture, pictures a second, KB a second)."""
    import rlnb

    env, page, steps = make(), Page(room), 0
    with rlnb.session("turn"):
        env.reset(seed=0)
        if watched:
            page.ask()
        begun, spent = time.perf_counter(), time.process_time()
        while time.perf_counter() - begun < SECONDS:
            for _ in range(500):
                _, _, terminated, truncated, _ = env.step(steps & 1)
                steps += 1
                if terminated or truncated:
                    env.reset()
        wall, spent = time.perf_counter() - begun, time.process_time() - spent
    env.close()
    return spent / steps * 1e6, steps / max(page.pictures, 1), page.pictures / wall, page.bytes / wall / 1000


def main(repetitions: int = 5) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["RLNB_HOME"] = folder
        import gymnasium as gym

        import rlnb
        from rlnb.control import doors

        rlnb.install()
        room = doors.the_room()
        makers: dict[str, Callable[[], Any]] = {
            "drawn between two steps": lambda: gym.make("CartPole-v1", render_mode="rgb_array"),
            "run along in another process": lambda: gym.make("CartPole-v1"),
        }
        room.worker.warm(wait=True)
        rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in makers}
        for number in range(repetitions + 1):
            for name, make in makers.items():
                alone, watched = turn(room, make, False), turn(room, make, True)
                if number:
                    rows[name].append((alone[0], watched[0], (watched[0] - alone[0]) * watched[1] / 1000, *watched[2:]))
        rlnb.uninstall()
    print(f"CartPole-v1, {repetitions} turns of {SECONDS:g} s each, medians\n")
    print("| | µs a step unwatched | µs a step watched | ms a picture | pictures/s | KB/s |\n|---|---|---|---|---|---|")
    for name, found in rows.items():
        alone_, watched_, cost, pictures, size = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {name} | {alone_:.1f} | {watched_:.1f} | {cost:.1f} | {pictures:.1f} | {size:.0f} |")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

"""How fast a replay is on the screen, beside Gymnasium's RecordVideo. `python tests/benchmarks/replay_speed.py [times]`

One 500-step CartPole episode. rlnb recorded nothing but its trace and makes the video afterwards, in a warm worker
process; RecordVideo draws while the episode runs, keeps the raw frames and encodes them when it ends. It needs
moviepy, which asks for an older Pillow: `pip install --no-deps --target FOLDER moviepy proglog decorator python-dotenv`
and FOLDER on PYTHONPATH lend it to this script alone. Without it the same is done by hand with imageio-ffmpeg's
defaults, and the table says so.
Medians of interleaved repetitions. Memory is the highest resident size of all, over the one before: of the process that
draws, and of it with ffmpeg, whose bare start takes about 40 MB on either side.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

GOALS = {
    "first frame, s": 0.5,
    "whole video, s": 2.0,
    "size, KB": 100.0,
    "memory, MB": 30.0,
    "with ffmpeg, MB": float("inf"),
}


def resident(pid: int) -> float:
    """MB of memory that a process has now (Linux); 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def descendants(pid: int) -> set[int]:
    """The processes that `pid` started, and that those started."""
    found: set[int] = set()
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = {int(word) for word in tasks.read_text().split()}
        except OSError:
            continue
        found |= children.union(*(descendants(child) for child in children))
    return found


class Peak:
    """Samples resident memory: the highest over the start, of a process and of it with its children (ffmpeg)."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.alone = self.together = 0.0  # MB
        self._there = descendants(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        before = resident(self.pid)
        while not self._over.wait(0.01):
            alone = resident(self.pid) - before
            self.alone = max(self.alone, alone)
            self.together = max(self.together, alone + sum(map(resident, descendants(self.pid) - self._there)))

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()


def recorded_episode() -> Any:
    """The trace of a CartPole episode of 500 steps, without a render mode."""
    import gymnasium

    from rlnb.trace import Checks, Trace, pack_start

    env = gymnasium.make("CartPole-v1")
    while True:
        start = pack_start({"rng": env.unwrapped.np_random.bit_generator.state})
        o, _ = env.reset()
        sums, actions, checks, over = Checks(), [], [], False
        sums.begin(o)
        while not over:
            actions.append(int(o[2] + 0.5 * o[3] + 0.02 * o[0] + 0.05 * o[1] > 0))
            o, _, terminated, truncated, _ = env.step(actions[-1])
            over = terminated or truncated
            checks.append(sums.step(o, over) & 0xFFFF)
        if len(actions) == 500:
            recipe = {"env_id": "CartPole-v1", "spec": env.spec.to_json(), "check_every": 1, "fps": 50}
            sums = np.array(checks, np.uint16)
            return Trace(recipe, start, np.array(actions), np.ones(500), sums, terminated, truncated)


def rlnb(worker: Any, trace: Any) -> dict[str, float]:
    """Film the trace in the warm worker."""
    first: list[float] = []
    with Peak(worker.pid) as peak:
        began = time.perf_counter()
        film = worker.film(trace, preview=lambda png: first.append(time.perf_counter() - began))
        whole = time.perf_counter() - began
    assert film.verdict.verdict == "exact"
    assert film.frames == 501
    return dict(zip(GOALS, (first[0], whole, len(film.mp4) / 1024, peak.alone, peak.together), strict=True))


def record_video(trace: Any, folder: Path) -> dict[str, float]:
    """Play the same episode with Gymnasium's RecordVideo, or by hand as it does."""
    import gymnasium

    from rlnb.trace import unpack_start

    wrapped = importlib.util.find_spec("moviepy") is not None
    env = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    if wrapped:
        env = gymnasium.wrappers.RecordVideo(env, str(folder), episode_trigger=lambda _: True, disable_logger=True)
    env.unwrapped.np_random.bit_generator.state = unpack_start(trace.start)[0]["rng"]
    frames = []
    with Peak(os.getpid()) as peak:
        began = time.perf_counter()
        env.reset()
        for action in trace.actions:
            env.step(int(action))
            if not wrapped:
                frames.append(env.render())
        if not wrapped:
            by_hand(folder / "x.mp4", frames)
        env.close()
        whole = time.perf_counter() - began
    path = max(folder.glob("*.mp4"), key=lambda p: p.stat().st_mtime)
    size = path.stat().st_size / 1024
    path.unlink()
    return dict(zip(GOALS, (whole, whole, size, peak.alone, peak.together), strict=True))


def by_hand(path: Path, frames: list[Any]) -> None:
    """Encode kept frames with imageio-ffmpeg's defaults."""
    import imageio_ffmpeg

    sink = imageio_ffmpeg.write_frames(str(path), (600, 400), fps=50, ffmpeg_log_level="error")
    sink.send(None)
    for frame in frames:
        sink.send(np.ascontiguousarray(frame))
    sink.close()


def middle(key: str, rows: list[dict[str, float]]) -> float:
    """The median; of memory the highest, since what was once taken is used again."""
    return (max if "MB" in key else statistics.median)(row[key] for row in rows)


def main(repetitions: int = 7) -> dict[str, dict[str, float]]:
    """Print the table; returns its medians."""
    from rlnb.replays import Worker

    trace = recorded_episode()
    worker = Worker()
    began = time.perf_counter()
    worker.warm(wait=True)
    print(f"worker warm after {time.perf_counter() - began:.2f} s (once a kernel)")
    runs: dict[str, list[dict[str, float]]] = {"rlnb": [], "RecordVideo": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repetitions):
            runs["rlnb"].append(rlnb(worker, trace))
            runs["RecordVideo"].append(record_video(trace, Path(folder)))
    began = time.perf_counter()
    worker.verify(trace)
    print(f"verified without drawing in {1000 * (time.perf_counter() - began):.0f} ms")
    worker.close()
    found = importlib.util.find_spec("moviepy") is not None
    how = f"with moviepy {importlib.metadata.version('moviepy')}" if found else "by hand, imageio-ffmpeg (no moviepy)"
    print(f"RecordVideo encodes {how}; medians of {repetitions}, of memory the highest")
    table = {name: {key: middle(key, rows) for key in GOALS} for name, rows in runs.items()}
    print(f"{'500-step CartPole-v1':22}{'rlnb':>10}{'RecordVideo':>14}{'ratio':>8}{'goal':>10}")
    for key, goal in GOALS.items():
        ours, theirs = table["rlnb"][key], table["RecordVideo"][key]
        wanted = f"≤ {goal:g}" if np.isfinite(goal) else ""
        print(f"{key:22}{ours:>10.2f}{theirs:>14.2f}{ours / max(theirs, 1e-9):>8.2f}{wanted:>10}")
    return table


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

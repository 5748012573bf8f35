"""What a call of `rlnb.log(loss=x, q=y)` takes, beside trackio, TensorBoard and wandb offline, in one run.

    pip install --target build/peers tensorboard trackio wandb      # beside the environment: nothing is replaced
    python tests/benchmarks/log_cost.py [repetitions]

Processor time of the calling thread over five thousand calls, as other work on the machine is not counted then; what a
logger does in threads of its own is not counted either. A peer that is not installed says so.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.append(str(Path(__file__).parents[2] / "build" / "peers"))

CALLS = 5000
Log = Callable[[float, float, int], Any]


@contextlib.contextmanager
def rlnb_log(folder: str) -> Iterator[Log]:
    import gymnasium as gym

    import rlnb

    rlnb.use(folder)
    rlnb.install()
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    env.step(0)
    try:
        yield lambda x, y, step: rlnb.log(loss=x, q=y)
    finally:
        rlnb.uninstall()


@contextlib.contextmanager
def tensorboard(folder: str) -> Iterator[Log]:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def log(x: float, y: float, step: int) -> None:
        writer.add_scalar("loss", x, step)
        writer.add_scalar("q", y, step)

    yield log
    writer.close()


@contextlib.contextmanager
def trackio(folder: str) -> Iterator[Log]:
    os.environ["TRACKIO_DIR"] = folder
    import trackio as peer

    with contextlib.redirect_stdout(io.StringIO()):
        peer.init(project="benchmark", embed=False)
    yield lambda x, y, step: peer.log({"loss": x, "q": y})
    with contextlib.redirect_stdout(io.StringIO()):
        peer.finish()


@contextlib.contextmanager
def wandb(folder: str) -> Iterator[Log]:
    import wandb as peer

    run = peer.init(project="benchmark", mode="offline", dir=folder, settings=peer.Settings(silent=True))
    yield lambda x, y, step: run.log({"loss": x, "q": y})
    run.finish()


def call(log: Log) -> float:
    """Microseconds a call."""
    step = iter(range(10**9))
    began = time.thread_time()
    for k in range(CALLS):
        log(0.1 * k, 2.0, next(step))
    return (time.thread_time() - began) / CALLS * 1e6


def main(repetitions: int = 11) -> None:
    """Print the table."""
    times: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        logs: dict[str, Log] = {}
        for name, peer in {
            "rlnb": rlnb_log,
            "TensorBoard": tensorboard,
            "trackio": trackio,
            "wandb offline": wandb,
        }.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            try:
                logs[name] = stack.enter_context(peer(folder))
                call(logs[name])
                times[name] = []
            except Exception as error:  # not installed, or it does not run here: said in the table
                logs.pop(name, None)
                missing[name] = f"{type(error).__name__}: {error}".splitlines()[0][:90]
        for _ in range(repetitions):
            for name, log in logs.items():
                times[name].append(call(log))
                time.sleep(0.2)  # what is in threads may end
    print(f"two numbers a call, {repetitions} interleaved runs of {CALLS:,} calls, medians\n")
    print("| | µs a call | times rlnb's |\n|---|---|---|")
    ours = statistics.median(times["rlnb"])
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} | {statistics.median(values) / ours:.1f} |")
    for name, why in missing.items():
        print(f"| {name} | not measured ({why}) | |")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

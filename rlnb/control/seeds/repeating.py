"""`rlnb.repeat(train, seeds=range(10), workers=2)`: one training function over seeds, here or in worker processes."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control.doors import the_room
from rlnb.control.seeds import repeat_worker
from rlnb.control.seeds.seeding import Run, listed
from rlnb.control.session import Session
from rlnb.errors import BadValue
from rlnb.kernel import StopTraining

if TYPE_CHECKING:
    from rlnb.control.room import Room

LOOK = 0.1  # seconds between two looks at the workers
LET_GO = 10.0  # seconds that a stopped worker has to write what it recorded


def repeat(
    train: Callable[..., Any],
    seeds: int | Iterable[int] = 10,
    workers: int = 0,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> list[Run]:
    """Call `train(seed)` for each seed, each a session of one setting, and return the runs in the order of the seeds.

    `workers=0` runs them here one after another, each with its live view. With `workers=2` two run at a time, each in a
    fresh process that writes into the same store; `train` goes there by value (cloudpickle), so a function of a
    notebook's cell will do, and what it prints is shown only if it fails. The processes share the cores between them.

    `params` are the setting's hyper-parameters: where none are given, the defaults of `train`'s other arguments. A run
    that fails is named with its seed, and the others go on. The notebook's stop button (Ctrl-C) ends all of them; what
    they recorded is kept.

    >>> def train(seed, lr=3e-4): ...                        # doctest: +SKIP
    >>> rlnb.compare([run.session for run in rlnb.repeat(train, seeds=10, workers=2)])     # doctest: +SKIP
    """
    if not callable(train):
        raise BadValue(f"rlnb.repeat({train!r:.80}): a function train(seed) is needed.")
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise BadValue(f"rlnb.repeat(workers={workers!r}): 0 (in this process) or a number of processes is needed.")
    chosen = listed(seeds, "rlnb.repeat")
    called = name or getattr(getattr(train, "func", train), "__name__", type(train).__name__)
    told = _Told(len(chosen))
    about = {"name": called, "params": dict(params) if params is not None else defaults(train)}
    run = _here if workers == 0 else _there(min(workers, len(chosen)))
    return run(the_room(), train, chosen, about, told)


def defaults(train: Callable[..., Any]) -> dict[str, Any] | None:
    """What `train` is called with besides the seed: its defaults, and what a `functools.partial` gives."""
    try:
        arguments = inspect.signature(train).parameters.values()
    except (TypeError, ValueError):
        return None
    plain = (int, float, str, bool, type(None))
    found = {one.name: one.default for one in arguments if one.name != "seed" and isinstance(one.default, plain)}
    return found or None


class _Told:
    """A line a run."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def over(self, room: Room, seed: int, id: str | None, error: str | None, seconds: float) -> None:
        self._done += 1
        if error is not None:
            said = f"failed: {error}"
        else:
            score = room.store.describe(id)["mean_return"] if id else None
            said = "finished" + (f", mean return of the last 100 episodes {score:.4g}" if score is not None else "")
        print(f"rlnb: seed {seed} {said} ({seconds:.0f} s, {self._done} of {self._total})", flush=True)

    def stopped(self) -> None:
        print(f"rlnb: stopped; {self._done} of {self._total} runs were over, what the others recorded is kept.")


def _here(room: Room, train: Callable[..., Any], seeds: list[int], about: Mapping[str, Any], told: _Told) -> list[Run]:
    runs: list[Run] = []
    for seed in seeds:
        began, error = time.monotonic(), None
        try:
            with room.desk.block(**about, tags=(), seed=seed, total_steps=None) as running:
                runs.append(Run(seed, Session(room, running.id)))
                train(seed)
        except KeyboardInterrupt:  # the stop button, or Stop in the view: of this run and of those that would follow
            told.stopped()
            break
        except Exception as fault:
            error = f"{type(fault).__name__}: {fault}"
        room.settle()
        told.over(room, seed, runs[-1].session.id, error, time.monotonic() - began)
        if running.stop_asked:
            told.stopped()
            break
    return runs


class _Worker:
    """A process that runs one seed."""

    def __init__(self, task: bytes, seed: int, threads: int) -> None:
        self.seed, self.began = seed, time.monotonic()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(one or os.getcwd() for one in sys.path)}
        env.setdefault("OMP_NUM_THREADS", str(threads))
        apart: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}  # Ctrl-C is ours to hand on
        self._process = subprocess.Popen(
            [sys.executable, "-m", repeat_worker.__name__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, env=env, **apart,
        )  # fmt: skip
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(task)
            self._process.stdin.close()
        except OSError:
            pass  # it is gone already: `end` says what it said

    @property
    def over(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> tuple[str | None, str | None]:
        """(the session's id, what went wrong)."""
        assert self._process.stdout is not None
        answer = self._process.stdout.read().decode(errors="replace").split()
        self.said.seek(0)
        text = self.said.read().decode(errors="replace").strip().splitlines()
        self.said.close()
        self._process.wait()
        id_ = answer[0] if answer else None
        if self._process.returncode in (0, repeat_worker.STOPPED):
            return id_, None
        return id_, text[-1] if text else f"the process ended with {self._process.returncode}"


def _there(workers: int) -> Callable[..., list[Run]]:
    def run(room: Room, train: Any, seeds: list[int], about: Mapping[str, Any], told: _Told) -> list[Run]:
        import cloudpickle

        store = Path(room.store_to_record_into().path)
        threads = max(1, (os.cpu_count() or 1) // workers)
        try:
            tasks = {seed: cloudpickle.dumps((str(store), train, seed, dict(about))) for seed in seeds}
        except Exception as error:
            raise BadValue(
                f"rlnb.repeat(workers={workers}): {about['name']} cannot be sent to another process "
                f"({type(error).__name__}: {error}). Let it make its environments and files itself, or use workers=0."
            ) from error
        waiting, ids = list(seeds), dict[int, str | None]()
        running: list[_Worker] = []

        def take() -> None:
            for worker in [one for one in running if one.over]:
                running.remove(worker)
                id_, error = worker.end()
                ids[worker.seed] = id_
                told.over(room, worker.seed, id_, error, time.monotonic() - worker.began)

        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    seed = waiting.pop(0)
                    running.append(_Worker(tasks[seed], seed, threads))
                take()
                room.desk.wait(LOOK)
        except (KeyboardInterrupt, StopTraining):
            for worker in running:
                worker.stop()
            end = time.monotonic() + LET_GO
            while any(not worker.over for worker in running) and time.monotonic() < end:
                time.sleep(LOOK)
            for worker in running:
                if not worker.over:
                    worker.kill()
                ids[worker.seed], _ = worker.end()
            told.stopped()
        room.settle()
        return [Run(seed, Session(room, id_)) for seed in seeds if (id_ := ids.get(seed)) is not None]

    return run

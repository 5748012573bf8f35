"""The worker process: stays warm, can be cancelled and killed, and never hears the notebook's interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

from rlnb.errors import NotReplayable, RlnbError
from rlnb.replays import Cancelled, Worker
from rlnb.trace import Trace

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals to process groups are POSIX")


@pytest.fixture
def own():
    made = Worker()
    yield made
    made.close()


def gone(pid: int, within: float = 15.0) -> bool:
    """Wait for a process that is not our child to end."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def make_slow_env(seconds: float | None):
    """An environment that takes its time in `step`; None: for ever."""
    import gymnasium
    import numpy as np

    class Slow(gymnasium.Env):
        metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
        action_space = gymnasium.spaces.Discrete(2)
        observation_space = gymnasium.spaces.Discrete(1)
        render_mode = None

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return 0, {}

        def step(self, action):
            import threading

            threading.Event().wait(seconds)
            return 0, 0.0, False, False, {}

        def render(self):
            return np.zeros((16, 16, 3), np.uint8)

    return Slow()


def slow_trace(recorder, seconds: float | None, steps: int = 2000) -> Trace:
    import numpy as np

    start = recorder.record(make_slow_env(0.0), {"check_every": 1}, most=1).start
    zeros = np.zeros(steps)
    recipe = recorder.pickled_recipe(lambda: make_slow_env(seconds))
    return Trace(recipe, start, zeros.astype(int), zeros, zeros.astype(np.uint16), False, False, False)


def test_stays_warm_and_starts_lazily(own, cartpole):
    assert own.pid is None
    own.warm(wait=True)
    pid = own.pid
    assert pid is not None
    assert own.verify(cartpole).verdict == "exact"
    assert own.verify(cartpole).verdict == "exact"
    assert own.pid == pid


def test_restarts_when_it_died(own, cartpole):
    own.warm(wait=True)
    first = own.pid
    os.kill(first, signal.SIGTERM)
    assert gone(first)
    assert own.verify(cartpole).verdict == "exact"
    assert own.pid not in (None, first)


def test_died_while_it_waited_and_nobody_has_noticed(own, cartpole, monkeypatch):
    own.warm(wait=True)
    first = own.pid
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    monkeypatch.setattr(own._process, "alive", lambda: True)  # the moment before the system says so
    assert own.verify(cartpole).verdict == "exact"
    assert own.pid not in (None, first)


def test_dies_in_the_middle_of_a_job(own, cartpole, recorder):
    def kill(done: int, total: int) -> None:
        psutil.Process(own.pid).kill()

    with pytest.raises(NotReplayable, match="died; the next replay starts a new one"):
        own.film(slow_trace(recorder, 0.01), progress=kill)
    assert own.verify(cartpole).verdict == "exact"


def test_cancel_frees_the_worker_at_once(own, cartpole, recorder):
    own.warm(wait=True)
    pid, running, caught = own.pid, threading.Event(), []

    def ask():
        try:
            own.film(slow_trace(recorder, 0.01), progress=lambda *_: running.set())
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert running.wait(30)
    began = time.monotonic()
    own.cancel()
    assert own.verify(cartpole).verdict == "exact"
    assert time.monotonic() - began < 2.0
    thread.join(10)
    assert len(caught) == 1
    assert own.pid == pid  # it let go by itself: still warm
    own.cancel()  # nothing runs: nothing happens


def test_cancel_of_an_environment_that_hangs(own, cartpole, recorder):
    own.warm(wait=True)
    pid, running, caught = own.pid, threading.Event(), []

    def ask():
        try:
            own.film(slow_trace(recorder, None), progress=lambda *_: running.set())
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert running.wait(30)
    own.cancel()
    thread.join(10)
    assert len(caught) == 1
    assert own.verify(cartpole).verdict == "exact"
    assert own.pid != pid


def test_cancel_of_ones_own_job_leaves_that_of_another(own, recorder):
    running, found = threading.Event(), []
    trace = slow_trace(recorder, 0.002, steps=200)
    thread = threading.Thread(target=lambda: found.append(own.verify(trace, progress=lambda *_: running.set())))
    thread.start()
    assert running.wait(30)
    own.cancel(threading.current_thread())
    thread.join(30)
    assert [verdict.verdict for verdict in found] == ["diverged"]  # it ran to its end; the zeros are no checksums


def test_silence_is_ended(recorder, cartpole):
    worker = Worker(silence=0.3)
    try:
        worker.warm(wait=True)
        with pytest.raises(NotReplayable, match=r"no sign of life for 0\.3 s"):
            worker.film(slow_trace(recorder, None))
        worker.warm(wait=True)
        assert worker.verify(slow_trace(recorder, None)).verdict == "not replayable"
    finally:
        worker.close()


def test_a_progress_callback_that_raises_lets_go_of_the_job(own, cartpole, recorder):
    own.warm(wait=True)
    pid = own.pid

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own.film(slow_trace(recorder, 0.01), progress=interrupted)
    assert own.verify(cartpole).verdict == "exact"
    assert own.pid == pid


def test_many_threads_take_turns(own, cartpole):
    found = []
    threads = [threading.Thread(target=lambda: found.append(own.verify(cartpole).verdict)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["exact"] * 8


def test_close_ends_the_process_and_its_folder(cartpole):
    worker = Worker()
    worker.warm(wait=True)
    pid, folder = worker.pid, worker._process.folder
    assert os.path.isdir(folder)
    worker.close()
    assert gone(pid)
    assert not os.path.exists(folder)
    with pytest.raises(RlnbError, match="closed"):
        worker.film(cartpole)


def test_variables_are_set_only_in_the_worker(own, monkeypatch):
    for name in ("MUJOCO_GL", "SDL_VIDEODRIVER", "PYOPENGL_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    own.warm(wait=True)
    there = psutil.Process(own.pid).environ()
    assert there["SDL_VIDEODRIVER"] == "dummy"
    assert "MUJOCO_GL" not in os.environ
    assert "SDL_VIDEODRIVER" not in os.environ


def test_the_kernel_side_loads_nothing_heavy():
    code = """
        import sys
        from rlnb.replays import Worker, Film, tile
        worker = Worker()
        worker.warm(wait=True)
        worker.close()
        heavy = {"gymnasium", "imageio", "imageio_ffmpeg", "PIL", "pygame", "pandas", "torch"} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env=with_path(), timeout=60)


def with_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


KERNEL = """
    import os, signal, sys, time
    from rlnb.replays import Worker
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    worker = Worker()
    worker.warm(wait=True)
    try:
        print(worker.pid, flush=True)  # from here on the interrupt may come
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        print(worker.pid, flush=True)
    sys.stdin.readline()
"""


def kernel(code: str = KERNEL) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=with_path(),
        start_new_session=True,
    )


@posix
def test_the_notebooks_interrupt_does_not_reach_it():
    with kernel() as process:
        pid = int(process.stdout.readline())
        os.killpg(process.pid, signal.SIGINT)
        assert int(process.stdout.readline()) == pid  # the kernel heard it, and its worker is the same
        assert psutil.Process(pid).is_running()
        process.stdin.close()
        process.wait(20)
    assert gone(pid)


@posix
def test_it_goes_when_the_kernel_is_killed():
    with kernel() as process:
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert gone(pid)


FORK = """
    print(worker.pid, flush=True)
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    print("forked", flush=True)
"""


@posix
def test_it_goes_although_a_forked_sibling_holds_the_pipe():
    fork = textwrap.indent(textwrap.dedent(FORK), "    ").strip()
    with kernel(textwrap.dedent(KERNEL).replace("print(worker.pid, flush=True)", fork, 1)) as process:
        pid = int(process.stdout.readline())
        process.stdout.readline()
        siblings = [p for p in psutil.Process(process.pid).children() if p.pid != pid]
        process.kill()
        process.wait()
        assert gone(pid)
        for sibling in siblings:
            sibling.kill()

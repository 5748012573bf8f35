"""The worker's process as the kernel sees it: started in a session of its own, read by a thread, ended for good."""

from __future__ import annotations

import collections
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from typing import Any

from rlnb.replays import wire

# sys.path goes along, so that the worker finds the modules that the kernel finds (this package among them)
START = "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from rlnb.replays.worker import main; main()"
LOG_LINES = 40


class Process:
    """One running worker. `inbox` receives its messages, and None once it is gone."""

    def __init__(self, gl: str | None) -> None:
        self.folder = tempfile.mkdtemp(prefix="rlnb-replay-")
        self.inbox: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        self.log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self.ready = threading.Event()  # set when it has loaded what it needs, or is gone
        self.owner = os.getpid()
        self._sending = threading.Lock()
        self._popen = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps([p for p in sys.path if isinstance(p, str)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(self.folder, gl),
            **_apart(),
        )
        self.pid = self._popen.pid
        threading.Thread(target=self._read, daemon=True, name="rlnb-replay-read").start()
        threading.Thread(target=self._read_log, daemon=True, name="rlnb-replay-log").start()

    def alive(self) -> bool:
        """Whether it runs, and is this process's own (not a forked parent's)."""
        return self.owner == os.getpid() and self._popen.poll() is None

    def send(self, *message: Any) -> bool:
        """Whether the worker could be told."""
        assert self._popen.stdin is not None
        try:
            with self._sending:
                wire.send(self._popen.stdin, message)  # type: ignore[arg-type]
        except (OSError, ValueError):
            return False
        except BaseException:  # an interrupt in the middle of a message: the wire is broken
            self._popen.kill()
            raise
        return True

    def end(self, patience: float = 0.0) -> None:
        """Close its stdin, give it `patience` seconds to go by itself, then kill it."""
        if self.owner != os.getpid():
            return  # a forked copy: the process belongs to the parent
        assert self._popen.stdin is not None
        try:
            if patience:
                self._popen.stdin.close()
                self._popen.wait(patience)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            pass
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def last_words(self) -> str:
        """The last lines that it wrote to stderr."""
        return "\n".join(self.log).strip()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        try:
            while (message := wire.receive(self._popen.stdout)) is not None:  # type: ignore[arg-type]
                if message[0] == "ready":
                    self.ready.set()
                else:
                    self.inbox.put(message)
        finally:
            self.inbox.put(None)
            self.ready.set()

    def _read_log(self) -> None:
        assert self._popen.stderr is not None
        for line in self._popen.stderr:
            self.log.append(line.decode(errors="replace").rstrip()[:500])


def surroundings(folder: str, gl: str | None) -> dict[str, str]:
    """The worker's environment variables; nothing is set in the kernel's own."""
    mine = {
        **os.environ,
        "SDL_VIDEODRIVER": "dummy",
        "SDL_AUDIODRIVER": "dummy",
        "PYGAME_HIDE_SUPPORT_PROMPT": "1",
        "RLNB_REPLAY_FOLDER": folder,
        "PYTHONIOENCODING": "utf-8",
    }
    if gl is not None:
        mine["MUJOCO_GL"] = gl
        if gl in ("egl", "osmesa"):
            mine["PYOPENGL_PLATFORM"] = gl
    return mine


def first_gl() -> str | None:
    """The OpenGL back end to try first: the person's own choice, else EGL on Linux, else MuJoCo's default."""
    return os.environ.get("MUJOCO_GL") or ("egl" if sys.platform.startswith("linux") else None)


def _apart() -> dict[str, Any]:
    """A session of its own: the notebook's interrupt, a signal to the kernel's process group, does not reach it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}

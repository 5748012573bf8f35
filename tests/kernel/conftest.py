"""A real ipykernel, driven by jupyter_client as a front end without subshells would."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


@dataclass
class Ran:
    """What came back for one cell."""

    status: str = ""
    reply: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [message["msg_type"] for message in self.messages]

    @property
    def text(self) -> str:
        return "".join(m["content"]["text"] for m in self.messages if m["msg_type"] == "stream")

    @property
    def result(self) -> str:
        """The text of the cell's last expression."""
        found = [m["content"]["data"]["text/plain"] for m in self.messages if m["msg_type"] == "execute_result"]
        assert found, f"no result; printed: {self.text!r}, reply: {self.reply}"
        return str(found[-1])


class Kernel:
    """Sends cells and comm messages to a kernel; awaits what it answers."""

    def __init__(self, manager: KernelManager, client: Any) -> None:
        self.manager = manager
        self.client = client
        self.seen: list[dict[str, Any]] = []

    def send(self, source: str) -> str:
        """Queue a cell as *Run All* does; the id of the request."""
        return str(self.client.execute(source, stop_on_error=True))

    def click(self, comm_id: str, content: Any) -> None:
        """A custom widget message, as the page sends it."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def await_text(self, request: str, text: str) -> float:
        """Wait until a cell has printed `text`; the moment it was seen."""
        printed = ""
        until = time.perf_counter() + PATIENCE
        while time.perf_counter() < until:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            self.seen.append(message)
            if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == request:
                printed += message["content"]["text"]
                if text in printed:
                    return time.perf_counter()
        raise AssertionError(f"{text!r} was never printed, only {printed!r}")

    def finish(self, *requests: str) -> list[Ran]:
        """Wait until these cells have ended, in whatever order they do."""
        ran = {request: Ran() for request in requests}
        idle: set[str] = set()
        for message in self.seen:
            if message["parent_header"].get("msg_id") in ran:
                ran[message["parent_header"]["msg_id"]].messages.append(message)
        self.seen.clear()
        while len(idle) < len(requests):
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            parent = message["parent_header"].get("msg_id")
            if parent in ran:
                ran[parent].messages.append(message)
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    idle.add(parent)
        while any(not one.reply for one in ran.values()):
            message = self.client.get_shell_msg(timeout=PATIENCE)
            parent = message["parent_header"].get("msg_id")
            if parent in ran:
                ran[parent].reply = message["content"]
                ran[parent].status = message["content"]["status"]
        return list(ran.values())

    def run(self, source: str) -> Ran:
        return self.finish(self.send(source))[0]

    def value(self, expression: str) -> Any:
        """The value of an expression of literals."""
        import ast

        ran = self.run(expression)
        assert ran.status == "ok", ran.reply
        return ast.literal_eval(ran.result)


SETUP = """
import time
import anywidget
from rlnb.kernel import Notebook, StopTraining
notebook = Notebook.current()

class Probe(anywidget.AnyWidget):
    _esm = "export default { render() {} }"

def probe():
    widget = Probe()
    widget.heard = []
    widget.on_msg(lambda _, content, buffers: widget.heard.append((content, time.perf_counter())))
    notebook.adopt(widget)
    return widget

def loop(seconds, until=lambda: False):
    "A training loop that pumps every 50 ms."
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not until():
        notebook.pump()
        time.sleep(0.05)
"""


@pytest.fixture(scope="session")
def _kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("kernel")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(home / "ipython"), "RLNB_HOME": str(home)}
    manager = KernelManager(kernel_name="python3")
    # The interpreter that runs the tests, whatever kernelspecs the machine has.
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.start_kernel(env=env, cwd=str(home))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)
    kernel = Kernel(manager, client)
    ran = kernel.run(SETUP)
    assert ran.status == "ok", ran.reply
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(_kernel: Kernel) -> Iterator[Kernel]:
    """A kernel with a `notebook`, `probe()` and `loop(seconds, until)` in it; given back as it was."""
    yield _kernel
    _kernel.run("notebook.restore()")

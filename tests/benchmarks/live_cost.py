"""What the live view costs a loop at full speed: `python tests/benchmarks/live_cost.py [repetitions [steps a cell]]`.

Two real kernels, each running the same cell of CartPole steps: one bare, one that has said `%load_ext rlnb`, its view
shown and its messages answered by this process as a page answers them (hello, acknowledgements of ticks), so that the
pump has messages to handle. Printed: µs a step (processor time of the kernel), how much slower, messages and bytes a
second on the wire, and the share of the wall time that the main thread spent on view and pump.
"""

from __future__ import annotations

import json
import os
import queue
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

STEPS = int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
CELL = """
import time, json, gymnasium as gym, numpy as np
env = gym.make("CartPole-v1")
actions = np.random.default_rng(0).integers(0, 2, STEPS).tolist()
env.reset(seed=0)
spent = globals().get("spent", [0.0])
spent[0] = 0.0
begun, wall = time.process_time(), time.perf_counter()
for action in actions:
    _, _, terminated, truncated, _ = env.step(action)
    if terminated or truncated:
        env.reset()
print("RESULT" + json.dumps([time.process_time() - begun, time.perf_counter() - wall, spent[0]]))
""".replace("STEPS", str(STEPS))
WATCHED = """
%load_ext rlnb
import time
from rlnb import hook
desk = hook._listener._room.desk
spent = [0.0]
def timed(fn):
    def tick():
        begun = time.perf_counter()
        try:
            fn()
        finally:
            spent[0] += time.perf_counter() - begun
    return tick
desk._look = timed(desk._look)
"""


class Page:
    """A kernel and what a page would do with its messages."""

    def __init__(self, recorded: bool, folder: str) -> None:
        from jupyter_client.manager import start_new_kernel

        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, "RLNB_HOME": folder, "PYTHONPATH": path}
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=env, cwd=folder)
        self.text, self.messages, self.bytes = "", 0, 0
        self._idle: dict[str, threading.Event] = {}
        self._over = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if recorded:
            self.run(WATCHED)

    def run(self, code: str) -> str:
        """What a cell printed."""
        self.text, self.messages, self.bytes = "", 0, 0
        over = threading.Event()
        parent = self.client.execute(code)
        self._idle[parent] = over
        assert over.wait(300), code
        return self.text

    def close(self) -> None:
        """End the kernel."""
        self._over.set()
        self._listener.join()
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def result(self, code: str) -> Any:
        """What a cell printed as its result."""
        return json.loads(self.run(code).partition("RESULT")[2])

    def _say(self, comm: str, **content: Any) -> None:
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.client.shell_channel.send(message)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                self.text += content["text"]
            elif kind == "comm_open" and content["target_name"] == "jupyter.widget":
                state = content["data"].get("state", {})
                if state.get("_kind") == "live_view":
                    self._say(content["comm_id"], type="hello", view="benchmark")
            elif kind == "comm_msg":
                self.messages += 1
                self.bytes += sum(map(len, message["buffers"])) + len(json.dumps(content, default=str))
                said = content["data"].get("content", {})
                if said.get("type") == "snapshot" or (said.get("type") == "tick" and said["seq"] % 3 == 0):
                    self._say(content["comm_id"], type="ack", seq=said["seq"])
            elif kind == "status" and content["execution_state"] == "idle":
                over = self._idle.pop(message["parent_header"].get("msg_id"), None)
                if over is not None:
                    over.set()


def main(repetitions: int = 7) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pages = {"bare": Page(False, folder), "the live view open": Page(True, folder)}
        times: dict[str, list[float]] = {name: [] for name in pages}
        rates: list[tuple[float, float, float]] = []
        for _ in range(repetitions + 1):
            for name, page in pages.items():
                seconds, wall, spent = page.result(CELL)
                times[name].append(seconds / STEPS * 1e6)
                if name != "bare":
                    rates.append((page.messages / wall, page.bytes / wall, spent / wall))
        for page in pages.values():
            page.close()
    slower = statistics.median(b / a for a, b in zip(*(values[1:] for values in times.values()), strict=True))
    print(f"CartPole-v1, {repetitions} interleaved cells of {STEPS:,} steps, medians\n")
    print(
        "| | µs a step | slower by | messages/s | KB/s | view and pump, share of wall time |\n|---|---|---|---|---|---|"
    )
    print(f"| bare | {statistics.median(times['bare'][1:]):.2f} | | | | |")
    messages, size, share = (statistics.median(column) for column in zip(*rates[1:], strict=True))
    print(
        f"| the live view open | {statistics.median(times['the live view open'][1:]):.2f} | {100 * (slower - 1):.0f} % "
        f"| {messages:.1f} | {size / 1000:.0f} | {100 * share:.1f} % |"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))

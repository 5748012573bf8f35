"""A real kernel, spoken to as a page would."""

from __future__ import annotations

import json
import queue
from dataclasses import dataclass, field

LOOP = """
import gymnasium as gym
def train(env, episodes):
    for _ in range(episodes):
        env.reset()
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
"""

FOR_A_WHILE = "import time\nsince = time.time()\nwhile time.time() < since + 1.2: train(env, 20)"


@dataclass
class Ran:
    status: str
    outputs: list[dict] = field(default_factory=list)
    text: str = ""

    def mime(self, kind):
        return [out["data"][kind] for out in self.outputs if kind in out.get("data", {})]


@dataclass
class Kernel:
    client: object

    def run(self, code, timeout=60):
        """Run a cell; what it printed and showed."""
        parent = self.client.execute(code)
        ran = Ran("")
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"the cell did not end within {timeout} s:\n{code}") from None
            if message["parent_header"].get("msg_id") != parent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                ran.text += content["text"]
            elif kind in ("display_data", "execute_result", "update_display_data"):
                ran.outputs.append(content)
                ran.text += content["data"].get("text/plain", "")
            elif kind == "error":
                ran.text += "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == parent:
                ran.status = reply["content"]["status"]
                return ran

    def value(self, expression):
        """An expression's value, by way of JSON."""
        ran = self.run(f"import json\nprint('VALUE' + json.dumps({expression}))")
        assert "VALUE" in ran.text, ran.text
        return json.loads(ran.text.rpartition("VALUE")[2])

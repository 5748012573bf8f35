"""A script on a terminal: one line that lives, under what the program prints."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

LOOP = """
import sys, time
import gymnasium as gym
import rlnb
rlnb.install()
env = gym.make("CartPole-v1")
def episode():
    env.reset(); over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
"""
SHORT = (
    LOOP
    + """
out = sys.stdout
end = time.monotonic() + 60
k = 0
while time.monotonic() < end and (sys.stdout is out or k < 50):
    episode()
    if sys.stdout is not out:
        k += 1
        if k % 25 == 0: print("mine", k)
print("shown" if k else "not shown")
rlnb.uninstall()
assert sys.stdout is out
"""
)


def on_a_terminal(code, tmp_path, until=None, then=None, **extra):
    """What a script writes on a terminal of 30 rows and 140 columns, and how it ended. When `until` is written,
    `then(process)` is done."""
    mine, theirs = pty.openpty()
    environment = {**os.environ, "RLNB_HOME": str(tmp_path), "LINES": "30", "COLUMNS": "140", **extra}
    os.system(f"stty rows 30 cols 140 < {os.ttyname(theirs)}")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen, end = b"", time.monotonic() + 120
    try:
        while time.monotonic() < end:
            if select.select([mine], [], [], 0.2)[0]:
                try:
                    part = os.read(mine, 65536)
                except OSError:
                    break
                if not part:
                    break
                seen += part
            if until is not None and until in seen:
                until = None
                then(process)
        assert process.wait(30) is not None
    finally:
        process.kill()  # one that does not end by itself does not outlive its test
        os.close(mine)
    return seen.decode(), process.returncode


def screen(text):
    """The lines that stand on the terminal at the end."""
    lines = []
    for line in text.replace("\x1b[A", "").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


def test_one_line_lives_under_what_the_program_prints(tmp_path):
    text, code = on_a_terminal(SHORT, tmp_path)
    assert code == 0, text
    lines = screen(text)
    assert lines.count("mine 25") == lines.count("mine 50") == lines.count("shown") == 1, text
    ours = [line for line in lines if "episodes" in line]
    assert len(ours) == 1, text
    assert re.match(r"CartPole-v1: \d.*k steps \[.*steps/s, finished, [\d,]+ episodes, Best 100-episode mean", ours[0])


@pytest.mark.parametrize("how", ["no terminal", "switched off", "a bar of its own"])
def test_there_is_no_line_where_it_is_not_wanted(tmp_path, how):
    loop = SHORT.replace("+ 60", "+ 1.5")
    if how == "no terminal":
        done = subprocess.run(
            [sys.executable, "-c", loop], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "RLNB_HOME": str(tmp_path)},
        )  # fmt: skip
        assert (done.stdout, done.stderr) == ("not shown\n", "")
        return
    if how == "switched off":
        text, _ = on_a_terminal(loop, tmp_path, TQDM_DISABLE="1")
    else:
        text, _ = on_a_terminal("from tqdm import tqdm\nbar = tqdm(desc='theirs')\n" + loop, tmp_path)
    assert "not shown" in text and "episodes" not in text


@pytest.mark.parametrize("block", ["if True:", "with rlnb.session('mine'):"])
def test_ctrl_c_is_stop(tmp_path, block):
    code = LOOP + f"print('begun', flush=True)\n{block}\n  while True: episode()"
    text, ended = on_a_terminal(
        code, tmp_path, until=b"episodes", then=lambda process: process.send_signal(signal.SIGINT)
    )
    assert "Traceback" not in text, text
    assert "interrupted" in screen(text)[-2] + screen(text)[-1], text
    assert ended in (-signal.SIGINT, 130)
    look = "import rlnb; rlnb.use('.'); print(rlnb.sessions()['status'].tolist())"
    environment = {**os.environ, "RLNB_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.stdout.strip() == "['interrupted']", done.stdout + done.stderr

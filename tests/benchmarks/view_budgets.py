"""The live view in real JupyterLab and Chromium: `python tests/benchmarks/view_budgets.py [repetitions]`.

Measured on one clock, for kernel and browser run on the same machine:
- the first chart: from half a second after the first step, when a view may show itself, until a chart is drawn;
- step to pixel: from the moment a step was taken until the page shows a count of steps that has it in (of CartPole at
  a steady 1,000 steps a second, in the median and for 95 of 100 steps);
- the end of a cell: what rlnb does after the cell's last line, until IPython goes on;
- a saved notebook, the widgets' state in it, with ten sessions shown, each with return, length and two metrics: its
  size beside the bundle.
Frame times are in `frame_time.py`, messages, bytes and the main thread's share in `live_cost.py`, the controls in
`control_latency.py`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

from tests.browser.lab import Lab, NotebookPage, chromium  # noqa: E402

SETUP = """
import json, time
import gymnasium as gym
from rlnb.control.recording.cell_sessions import CellSessions
ended, spent = CellSessions.ended, []
def timed(self, result):
    begun = time.perf_counter()
    ended(self, result)
    spent.append(time.perf_counter() - begun)
CellSessions.ended = timed
%load_ext rlnb
import rlnb
"""
STEADY = """
env = gym.make("CartPole-v1")
env.action_space.seed(0)
env.reset(seed=0)
taken, next_at = [], time.perf_counter()
for _ in range(6000):
    while time.perf_counter() < next_at:
        pass
    next_at += 0.001
    *_, terminated, truncated, _ = env.step(env.action_space.sample())
    taken.append(time.time())
    if terminated or truncated:
        env.reset()
"""
TOLD = "print(json.dumps([taken, spent]))"
TEN = """
env = gym.make("CartPole-v1")
for episode in range(3000):
    env.reset(seed=episode)
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    rlnb.log(loss=1 / (1 + episode), q_mean=episode % 7)
"""
WATCH = """() => {
  window.shown = []; window.firstChart = null;
  const deep = (node) => node.matches?.("canvas") ? node
    : [...(node.shadowRoot?.children ?? []), ...node.children].map(deep).find(Boolean);  // charts have shadow roots
  const look = () => {
    const live = document.querySelector(".rlnb-live");
    const canvas = live && window.firstChart === null ? deep(live) : null;
    const now = performance.timeOrigin + performance.now();
    if (canvas && canvas.width > 0 && window.firstChart === null) window.firstChart = now / 1000;
    const found = live?.innerText.match(/([\\d,]+)\\s*steps/);
    const steps = found ? Number(found[1].replaceAll(",", "")) : 0;
    const last = window.shown.at(-1);
    if (!last || last[1] !== steps) window.shown.push([now / 1000, steps]);
    window.looking = requestAnimationFrame(look);
  };
  look();
}"""


def once(lab: Lab, page: Page, name: str) -> tuple[float, float, float, float]:
    """First chart, step to pixel (median, 95th percentile) and end of the cell, in seconds."""
    lab.write(name, [SETUP, STEADY, TOLD])
    notebook = NotebookPage(lab, page, name)
    notebook.run(0)
    notebook.wait_idle()
    page.evaluate(WATCH)
    notebook.run(1)
    page.wait_for_function("window.firstChart !== null")
    notebook.wait_idle()
    notebook.run(2)
    notebook.wait_idle()
    taken, spent = json.loads(notebook.text(2))
    first, shown = page.evaluate("() => [window.firstChart, window.shown]")
    times, counts = np.array(shown).T
    steps = np.arange(1, len(taken) + 1)
    before = steps[np.array(taken) < times[counts < len(taken)].max() - 0.5]  # the last tick comes with the end
    later = before[before > 1500]  # the chart is there
    seen = times[np.searchsorted(np.maximum.accumulate(counts), later)]
    delays = seen - np.array(taken)[later - 1]
    return first - (taken[0] + 0.5), float(np.median(delays)), float(np.percentile(delays, 95)), spent[1]


def saved(lab: Lab, page: Page) -> tuple[int, int]:
    """Bytes of a notebook with ten sessions shown, and those of the bundle in it."""
    lab.write("ten.ipynb", [SETUP, *[TEN] * 10])
    notebook = NotebookPage(lab, page, "ten.ipynb")
    notebook.run_all()
    notebook.wait_idle(300_000)
    document = notebook.save()
    whole = len(json.dumps(document))
    states = document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    assets = [len(one["data"]) for state in states for one in state.get("buffers", []) if one["path"] == ["code"]]
    assert len(assets) == 1, "the bundle is saved once"
    return whole, sum(assets)


def main(repetitions: int = 5) -> None:
    """Print the table."""
    found = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Lab(Path(folder), save_widgets=True) as lab:
        with chromium() as browser:
            for k in range(repetitions + 1):
                page = browser.new_page()
                found.append(once(lab, page, f"steady{k}.ipynb"))
                page.close()
                lab.end_kernels()
            whole, bundle = saved(lab, browser.new_page())
    first, middle, slow, end = (statistics.median(column) for column in zip(*found[1:], strict=True))
    print(f"JupyterLab in Chromium, CartPole-v1, medians of {repetitions} runs (a first one is left out)\n")
    print("| | | goal |\n|---|---|---|")
    print(f"| the first chart, after the first half second of steps | {first * 1000:.0f} ms | 1,000 ms |")
    print(f"| from a step to the pixel, median | {middle * 1000:.0f} ms | |")
    print(f"| from a step to the pixel, 95th percentile | {slow * 1000:.0f} ms | 200 ms |")
    print(f"| the end of the cell | {end * 1000:.0f} ms | 50 ms |")
    print(f"| a saved notebook with ten sessions, beside the bundle | {(whole - bundle) / 1e6:.2f} MB | 1.5 MB |")
    print(f"| the bundle in it | {bundle / 1e6:.2f} MB | once |")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

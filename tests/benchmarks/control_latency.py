"""How soon a click acts while a cell steps: `python tests/benchmarks/control_latency.py [stack ...]`.

CartPole at full speed in JupyterLab; Pause and Resume are clicked in turn, and the page waits until the view says
"paused" or "running", which it is told by the kernel: the whole way there and back. Without a name every stack of
`tests/browser/stacks.py` (another ipykernel, Colab's versions; installed on first use) is measured beside this one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

from tests.browser.lab import Lab, NotebookPage, chromium  # noqa: E402
from tests.browser.stacks import STACKS, NoStack, python_of  # noqa: E402

CLICKS = 202
CELLS = [
    "%load_ext rlnb\nimport gymnasium as gym\nenv = gym.make('CartPole-v1')",
    """
while True:
    env.reset()
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
""",
]
CLICK = """async ([name, state]) => {
  const view = document.querySelector(".rlnb-live");
  const shown = () => view.querySelector(".rlnb-state").dataset.state;
  const button = [...view.querySelectorAll("button")].find((one) => one.textContent.trim() === name && !one.disabled);
  const begun = performance.now();
  button.click();
  while (shown() !== state) {
    if (performance.now() - begun > 10000) throw new Error(`${name} did nothing: ${shown()}`);
    await new Promise((done) => requestAnimationFrame(done));
  }
  return performance.now() - begun;
}"""


def latencies(browser: Browser, python: str) -> list[float]:
    """Milliseconds from each click to the view's word of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Lab(Path(folder), python) as lab:
        lab.write("x.ipynb", CELLS)
        page = browser.new_page()
        notebook = NotebookPage(lab, page, "x.ipynb")
        notebook.run(0)
        notebook.wait_idle()
        notebook.run(1)
        live = page.locator(".rlnb-live")
        live.get_by_role("button", name="Pause").wait_for()
        found = []
        for k in range(CLICKS):
            name, state = (("Pause", "paused"), ("Resume", "running"))[k % 2]
            live.get_by_role("button", name=name, disabled=False).wait_for()
            page.wait_for_timeout(100 + 37 * (k % 7))  # not in step with the ticks
            found.append(float(page.evaluate(CLICK, [name, state])))
        page.close()
    return found[2:]


def main(names: list[str]) -> None:
    """Print the table."""
    print(f"Click to word, {CLICKS - 2} clicks each\n\n| stack | median | 95th percentile | goal |\n|---|---|---|---|")
    with chromium() as browser:
        for name in names or ["here", *STACKS]:
            try:
                python = sys.executable if name == "here" else str(python_of(name))
            except NoStack as error:
                print(f"| {name} | not run: {error} | | 250 ms |")
                continue
            found = latencies(browser, python)
            middle, slow = np.percentile(found, [50, 95])
            print(f"| {name} | {middle:.0f} ms | {slow:.0f} ms | 250 ms |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

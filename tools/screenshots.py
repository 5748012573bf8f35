"""Makes the pictures of the README, in a real JupyterLab, light and dark:  python tools/screenshots.py"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page  # noqa: E402

from tests.browser.lab import Lab, NotebookPage, chromium  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CELLS = [
    "%load_ext rlnb\nimport rlnb\nimport gymnasium as gym\nimport numpy as np",
    """
def train(skill, episodes):
    env = gym.make("CartPole-v1")
    random = np.random.default_rng(0)
    for episode in range(episodes):
        observation, _ = env.reset()
        epsilon = max(0.02, 1 - skill * episode / episodes)
        done = False
        while not done:
            balance = int(observation[2] + 0.5 * observation[3] > 0)
            action = int(random.integers(2)) if random.random() < epsilon else balance
            observation, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated
        if episode % 10 == 0:
            rlnb.log(epsilon=epsilon, q_mean=5 * (1 - epsilon))
""",
    "params = {'learning_rate': 0.01}\ntrain(skill=2.4, episodes=1200)",
    "params = {'learning_rate': 0.001}\ntrain(skill=0.9, episodes=900)",
    "s = rlnb.get(rlnb.sessions()['id'].iloc[1])\nrlnb.replay((s, 0), (s, 'best'))",
    """
runs = []
for rate, skill in ((0.01, 2.4), (0.001, 0.9), (0.0001, 0.6)):
    for run in rlnb.seeds(5, name=f"rate {rate}", params={"learning_rate": rate}):
        train(skill + run.seed / 20, 250 + 10 * run.seed)
        runs.append(run.session)
""",
    "rlnb.compare(runs)",
    """
from rlnb.agents import DQN
with rlnb.session("DQN"):
    agent = DQN("CartPole-v1", seed=1).learn(9000, progress=False)
rlnb.get("DQN").replay(rlnb.get("DQN").episodes["length"].sub(40).abs().idxmin())
""",
]
VIEWS = {
    "live_view": (2, ".rlnb-live"),
    "replay": (4, ".rlnb-player-widget"),
    "comparison": (6, ".rlnb-comparison"),
    "inspector": (7, ".rlnb-player-widget"),
}


def shoot(page: Page, notebook: NotebookPage, theme: str) -> None:
    """One picture of each view in this theme."""
    notebook.theme(theme)
    for name, (cell, selector) in VIEWS.items():
        view = notebook.cell(cell).locator(selector)
        view.scroll_into_view_if_needed()
        page.wait_for_selector(f"{selector}[data-theme={theme}]")
        view.screenshot(path=str(IMAGES / f"{name}_{theme}.png"))
        print(f"docs/images/{name}_{theme}.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, Lab(Path(home)) as lab, chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 1100})
        lab.write("screenshots.ipynb", CELLS)
        notebook = NotebookPage(lab, page, "screenshots.ipynb", "notebook")
        for index in range(len(CELLS)):
            notebook.run(index)
            notebook.wait_idle(timeout=120_000)
        for index in (4, 7):
            player = notebook.cell(index).locator(".rlnb-player")
            player.focus()
            page.keyboard.press("Home")
            page.keyboard.press("Shift+ArrowRight")
        notebook.cell(6).locator(".rlnb-opener").first.click()
        for theme in ("light", "dark"):
            shoot(page, notebook, theme)


if __name__ == "__main__":
    main()

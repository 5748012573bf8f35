"""rlnb in marimo: the live view and the player as `mo.ui.anywidget`, which is what marimo makes of them by itself."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.files import free_port
from tests.browser.lab import ROOT
from tests.browser.stacks import PATIENCE, NoStack, python_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(PATIENCE + 300)]

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import os
    import gymnasium as gym, marimo as mo, rlnb
    rlnb.install()
    def play(env, seed):
        env.reset(seed=seed)
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
    return gym, mo, os, play, rlnb

@app.cell
def _(gym, mo, os, play, rlnb):
    env = gym.make("CartPole-v1")
    env.action_space.seed(0)
    with rlnb.session("mine", total_steps=10**9) as s:
        play(env, 0)
        mo.output.append(s.live())
        seed = 0
        while not os.path.exists("enough"):
            seed += 1
            play(env, seed)
    return (s,)

@app.cell
def _(s):
    s.replay(0)
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of the notebook as marimo shows it."""
    try:
        python = python_of("marimo")
    except NoStack as error:
        pytest.skip(str(error))
    (tmp_path / "notebook.py").write_text(NOTEBOOK, encoding="utf-8")
    port = free_port()
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [str(python), "-m", "marimo", "run", "notebook.py", "--headless", "--no-token", "--port", str(port)]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path, "RLNB_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    try:
        while True:
            assert server.poll() is None, (tmp_path / "log").read_text()[-3000:]
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                continue
        yield address
    finally:
        (tmp_path / "enough").touch()
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def test_the_view_lives_the_words_are_true_and_the_episode_plays(served: str, browser: Browser, tmp_path: Path) -> None:
    page: Page = browser.new_page(viewport={"width": 1100, "height": 1400})
    page.set_default_timeout(60_000)
    page.goto(served)
    live = page.locator(".rlnb-live")
    expect(live).to_contain_text("running", timeout=60_000)
    # marimo brings clicks to the kernel when the cell has ended, and the view says so
    expect(live.locator(".rlnb-deaf")).to_be_visible(timeout=60_000)
    expect(live).to_contain_text("the controls apply when the cell ends")
    shown = live.locator(".rlnb-facts")
    before = shown.inner_text()
    expect(shown).not_to_have_text(before, timeout=60_000)  # and it is drawn anew all the same
    expect(live.locator("canvas").first).to_be_visible()
    (tmp_path / "enough").touch()
    expect(live).to_contain_text("finished", timeout=60_000)
    expect(live.locator(".rlnb-deaf")).to_be_hidden()

    player = page.locator(".rlnb-player-widget")
    expect(player.locator(".rlnb-badge")).to_have_text("exact", timeout=60_000)
    expect(player.locator("video, canvas").first).to_be_visible()

    live.get_by_label("Episode to play").select_option("best")
    live.get_by_role("button", name="Play", exact=True).click()
    expect(live.locator(".rlnb-badge")).to_have_text("exact", timeout=60_000)
    folder = os.environ.get("RLNB_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / "marimo.png"))
    page.close()

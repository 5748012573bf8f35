"""Watching the training while its cell runs: the picture moves, follows the chosen lane, and ends when it is closed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import NotebookPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

SETUP = "%load_ext rlnb\nimport rlnb, json\nimport gymnasium as gym\nfrom rlnb.control.doors import the_room"
TRAIN = """
env = gym.make_vec("CartPole-v1", 3, vectorization_mode="sync")
looker = gym.make("CartPole-v1", render_mode="rgb_array")
env.reset(seed=0)
looker.reset(seed=0)
while True:
    env.step(env.action_space.sample())
    *_, terminated, truncated, _ = looker.step(looker.action_space.sample())
    if terminated or truncated:
        looker.reset()
"""
AFTER = "print(json.dumps([len(the_room().onlookers._wishes), rlnb.last().status]))"


def await_another_picture(page: Page) -> None:
    """Until the picture is another one than now, and drawn."""
    now = page.locator(".rlnb-watch-picture").get_attribute("src")
    page.wait_for_function(
        "before => { const one = document.querySelector('.rlnb-watch-picture');"
        " return one.getAttribute('src') !== before && one.complete && one.naturalWidth > 0; }",
        arg=now,
    )


def sent(page: Page) -> int:
    """Pictures that the page was given so far."""
    return int(page.evaluate("window.pictures.length"))


def test_one_can_watch_the_training_while_the_cell_runs(open_notebook: Open, page: Page, tmp_path: Path) -> None:
    page.add_init_script(
        "window.pictures = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { if (blob.type === 'image/jpeg') window.pictures.push(blob.size);"
        " return make.call(URL, blob); }"
    )
    shots = Path(os.environ.get("RLNB_SCREENSHOTS", tmp_path))
    shots.mkdir(parents=True, exist_ok=True)
    notebook = open_notebook([SETUP, TRAIN, AFTER])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    view = page.locator(".rlnb-live")
    view.locator("canvas").first.wait_for()
    button = view.get_by_role("button", name="Watch")
    panel = view.get_by_role("region", name="Watch")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert sent(page) == 0

    button.focus()
    page.keyboard.press("Enter")
    picture = panel.get_by_role("img", name="The running training, lane 1")  # the first of those that step most
    expect(picture).to_be_visible()
    await_another_picture(page)
    expect(panel).to_contain_text("run along in another process")
    page.screenshot(path=str(shots / "watch-light.png"))

    lane = panel.get_by_role("spinbutton", name="Lane")
    lane.fill("0")  # the environment that has a render mode of its own
    lane.press("Enter")
    expect(panel.get_by_role("img", name="The running training, lane 0")).to_be_visible()
    await_another_picture(page)
    expect(panel).not_to_contain_text("another process")
    lane.fill("40")
    lane.press("Enter")
    expect(lane).to_have_value("3")
    expect(panel.get_by_role("img", name="The running training, lane 3")).to_be_visible()

    notebook.theme("dark")
    await_another_picture(page)
    page.screenshot(path=str(shots / "watch-dark.png"))
    page.set_viewport_size({"width": 720, "height": 1000})
    await_another_picture(page)
    wide = page.evaluate("[document.querySelector('.rlnb-watch'), document.querySelector('.rlnb-live')]"
                         ".map(one => one.getBoundingClientRect().right)")  # fmt: skip
    assert wide[0] <= wide[1]
    page.screenshot(path=str(shots / "watch-narrow.png"))

    lane.focus()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()
    before = sent(page)
    view.get_by_role("button", name="Pause").click()  # several turns of the loop later none has come
    expect(view.locator(".rlnb-state")).to_have_text("paused")
    assert sent(page) == before

    button.click()  # paused: there is a picture all the same, of where it stands
    expect(panel).to_contain_text(re.compile(r"step \d+ of its episode|between two episodes"))
    view.get_by_role("button", name="Stop").click()
    notebook.wait_idle()
    expect(panel).to_be_hidden()
    expect(button).to_be_hidden()
    assert not notebook.failed(1)
    assert json.loads(notebook.text(2)) == [0, "stopped"]
    assert max(page.evaluate("window.pictures")) < 30_000

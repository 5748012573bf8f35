"""Reaching in while the cell runs: pause, one step, slow, pause when, a knob."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Front, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.stacks]
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

SETUP = "%load_ext rlnb\nimport rlnb, json\nimport gymnasium as gym"
TRAIN = """
k = rlnb.knobs(lr=(1e-5, 3e-4, 1e-2), epsilon=(0.0, 0.1, 1.0))
env = gym.make("CartPole-v1")
read = []
while True:
    env.reset()
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    if not read or read[-1] != k.lr:
        read.append(k.lr)
"""
AFTER = "s = rlnb.last(); m = s.metrics\nprint(json.dumps([read, m[m.name == 'knob/lr'].value.tolist()]))"


def steps(page: Page) -> int:
    found = re.search(r"([\d,]+)\s*steps", page.locator(".rlnb-live").inner_text())
    return int(found.group(1).replace(",", "")) if found else 0


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_one_can_reach_in_while_the_cell_runs(open_notebook: Open, page: Page, front: Front) -> None:
    notebook = open_notebook([SETUP, TRAIN, AFTER], front)
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    view = page.locator(".rlnb-live")
    view.locator("canvas").first.wait_for()
    state = view.locator(".rlnb-state")

    view.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("paused")
    expect(view.get_by_role("button", name="Step", exact=True)).to_be_enabled()
    before = steps(page)
    view.get_by_role("button", name="Step", exact=True).click()
    expect(view.locator(".rlnb-facts")).to_contain_text(f"{before + 1:,}")
    view.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("running")

    slider = view.get_by_role("slider", name="lr")
    slider.focus()
    for _ in range(3):
        slider.press("End")
    expect(view.locator(".rlnb-knob", has_text="lr").locator("output")).to_have_text("0.01")

    view.get_by_role("textbox", name="Pause when").fill("every 5 episodes")
    view.get_by_role("textbox", name="Pause when").press("Enter")
    expect(state).to_have_text("paused")
    expect(view).to_contain_text("Paused: 5 more episodes.")
    view.locator(".rlnb-condition").click()
    expect(view.locator(".rlnb-condition")).to_have_count(0)
    before = steps(page)
    view.get_by_role("button", name="Resume").click()
    page.wait_for_function(  # the loop reads the knob at the end of an episode
        "(most) => Number(document.querySelector('.rlnb-facts b').textContent.replaceAll(',', '')) > most",
        arg=before + 500,
    )

    view.get_by_role("textbox", name="Pause when").fill("much better")
    view.get_by_role("textbox", name="Pause when").press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("loss is nan")

    view.get_by_role("button", name="Slow").click()
    expect(view.get_by_role("button", name="Slow")).to_have_attribute("aria-pressed", "true")
    expect(view.get_by_role("button", name="Slow")).to_have_attribute(
        "title", re.compile("Real time, 50 steps a second")
    )
    view.get_by_role("button", name="Stop").click()
    notebook.wait_idle()
    assert not notebook.failed(1)
    read, moves = json.loads(notebook.text(2))
    assert read == [3e-4, 1e-2]
    assert moves == [3e-4, 1e-2]
    expect(view.locator(".rlnb-reach")).to_be_hidden()

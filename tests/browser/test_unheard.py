"""A kernel that the pump does not understand: the view says so and is drawn all the same; the stop button stops."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import NotebookPage

pytestmark = pytest.mark.browser
Open = Callable[..., NotebookPage]

# As an ipykernel of the future would be: its stream is another one, and its comms route replies to the busy thread.
UNKNOWN = """
%load_ext rlnb
import rlnb
import gymnasium as gym
from rlnb.kernel import ours, pump

def stream(self):
    raise pump.Surprise("this ipykernel's shell stream has no flush")

pump.Pump._stream = stream
ours.Ours.repair = lambda self, comms: None
"""
ENDLESS = """
env = gym.make("CartPole-v1")
while True:
    env.reset()
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
"""
STATE = "from rlnb.kernel import Notebook\nprint(Notebook.current().pump_state)"


def test_the_view_says_that_controls_wait_and_the_stop_button_works_now(open_notebook: Open, page: Page) -> None:
    notebook = open_notebook([UNKNOWN, ENDLESS, STATE])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    view = page.locator(".rlnb-live")
    view.locator("canvas").first.wait_for()
    note = view.get_by_role("note")
    expect(note).to_contain_text("the controls apply when the cell ends")
    expect(note).to_contain_text("own stop button works now")
    steps = view.locator(".rlnb-facts b").first
    before = steps.inner_text()
    expect(steps).not_to_have_text(before)
    expect(view.locator(".rlnb-state")).to_have_text("running")
    expect(view.get_by_text("does not answer").locator("visible=true")).to_have_count(0)
    view.get_by_role("button", name="Stop").click()  # waits in the kernel, and does no harm when it is read
    notebook.interrupt()
    notebook.wait_idle()
    assert not notebook.failed(1)
    assert notebook.text(2).startswith("off: Surprise: this ipykernel's shell stream has no flush")
    expect(view.locator(".rlnb-state")).to_have_text(re.compile("interrupted|stopped"))
    expect(note).to_be_hidden()
    expect(view.get_by_role("alert").locator("visible=true")).to_have_count(0)

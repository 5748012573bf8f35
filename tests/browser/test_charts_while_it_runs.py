"""The charts of a cell that runs: detail, commands, the keyboard, the theme."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.charts import Charts
from tests.browser.lab import Lab, NotebookPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

SETUP = "%load_ext rlnb\nimport rlnb, json, os, time\nimport gymnasium as gym, numpy as np"
RUN = """
k = rlnb.knobs(lr=(1e-5, 3e-4, 1e-2))
env = gym.make("CartPole-v1")
env.reset(seed=0)
n = 0
while True:
    *_, terminated, truncated, _ = env.step(n % 2)
    if terminated or truncated:
        env.reset()
    n += 1
    rlnb.log(wave=np.sin(n / 50))
    while os.path.exists("update"):  # a long update: nothing is stepped
        time.sleep(0.02)
"""
ROWS = 25_000  # more than the page keeps of a series


def test_a_zoom_fetches_what_is_not_here_and_commands_wait_while_the_cell_runs(
    open_notebook: Open, page: Page, lab: Lab
) -> None:
    asked: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: asked.append(as_bytes(data))))
    notebook = open_notebook([SETUP, RUN])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    charts = Charts(notebook.cell(1).locator(".rlnb-live"))
    charts.view.locator("canvas").first.wait_for()
    page.wait_for_function(
        "([view, most]) => Number(view.querySelector('.rlnb-facts b').textContent.replaceAll(',', '')) > most",
        arg=[charts.view.element_handle(), ROWS],
    )
    a_zoom_fetches_every_row(charts, asked)
    commands_wait_for_the_next_step(charts, lab.folder / "update")
    everything_is_named_and_reached(charts.view)
    everything_is_done_by_keyboard(charts)
    it_follows_the_theme_and_keeps_still(notebook, charts.view)
    stop = charts.view.get_by_role("button", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    notebook.wait_idle()
    expect(charts.view.locator(".rlnb-state")).to_have_text("stopped")
    expect(charts.view).to_contain_text("Everything up to here is kept.")
    assert not notebook.failed(1)


def as_bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def a_zoom_fetches_every_row(charts: Charts, asked: list[bytes]) -> None:
    axes = charts.view.get_by_role("group", name="x axis")
    axes.get_by_role("button", name="step").click()
    charts.plot("wave").focus()
    charts.until("wave", "^environment step ")  # a chart that is not in sight is not drawn
    for _ in range(3):
        charts.page.keyboard.press("ArrowLeft")  # to the old rows, which the page has thinned
    for _ in range(12):
        charts.page.keyboard.press("+")
    charts.page.wait_for_function(
        """(plot) => {
            const said = plot.getAttribute("aria-description").replaceAll(",", "");
            const [low, high, rows] = said.match(/step (\\S+) to ([^;]+);.*; (\\d+) values/).slice(1).map(Number);
            return high - low < 2000 && low > 0 && rows > 0.95 * (high - low);
        }""",
        arg=charts.plot("wave").element_handle(),
    )
    assert any(b'"detail"' in frame for frame in asked)
    expect(charts.view.locator(".rlnb-state")).to_have_text("running")
    charts.page.keyboard.press("0")
    charts.page.keyboard.press("0")  # twice is "restart the kernel" to a notebook
    expect(charts.view.get_by_role("button", name="Show all")).to_be_hidden()
    expect(charts.page.locator(".jp-Dialog")).to_have_count(0)
    axes.get_by_role("button", name="episode").click()


def commands_wait_for_the_next_step(charts: Charts, update: Path) -> None:
    view, state = charts.view, charts.view.locator(".rlnb-state")
    update.touch()
    view.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("waiting for the next step")
    update.unlink()
    expect(state).to_have_text("paused")
    update.touch()
    view.get_by_role("button", name="Step", exact=True).click()
    expect(state).to_have_text("waiting for the next step")
    update.unlink()
    expect(state).to_have_text("paused")


def everything_is_named_and_reached(view: Locator) -> None:
    controls = r"- (?:button|slider|textbox|combobox|spinbutton|checkbox)\b(?! \")"
    assert re.findall(controls, view.aria_snapshot()) == []
    assert {"slider", "button", "combobox", "textbox"} <= set(re.findall(r"- (\w+) \"", view.aria_snapshot()))
    missed = view.evaluate(
        """(view) => {
            const all = [...view.querySelectorAll("button, input, select, [tabindex='0']")];
            const visible = all.filter((one) => one.checkVisibility({ visibilityProperty: true }));
            window.left = new Set(visible.slice(1));
            visible[0].focus();
            return window.left.size;
        }"""
    )
    assert missed > 12
    for _ in range(missed):
        view.page.keyboard.press("Tab")
        view.page.evaluate("window.left.delete(document.activeElement)")
    names = "[...window.left].map((one) => one.getAttribute('aria-label') ?? one.textContent)"
    assert view.page.evaluate(names) == []


def everything_is_done_by_keyboard(charts: Charts) -> None:
    view, page = charts.view, charts.page
    log = view.get_by_role("button", name="Logarithmic y axis")
    for key, pressed in (("Enter", "true"), (" ", "false")):
        log.focus()
        page.keyboard.press(key)
        expect(log).to_have_attribute("aria-pressed", pressed)
    view.get_by_role("button", name="Rename").focus()
    page.keyboard.press("Enter")
    expect(view.get_by_role("textbox", name="Name of the session")).to_be_focused()
    page.keyboard.type("a dd 00 name")
    page.keyboard.press("Enter")
    expect(view.get_by_role("heading", name="a dd 00 name")).to_be_visible()
    resume = view.get_by_role("button", name="Resume")
    resume.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".rlnb-state")).to_have_text("running")
    expect(view.get_by_role("button", name="Pause")).to_be_focused()
    picker = view.get_by_role("combobox", name="Episode to play")
    picker.focus()
    page.keyboard.press("ArrowDown")
    expect(picker).to_have_value("last")


def it_follows_the_theme_and_keeps_still(notebook: NotebookPage, view: Locator) -> None:
    motion = "(state) => getComputedStyle(state, '::before').animationName"
    state = view.locator(".rlnb-state")
    assert state.evaluate(motion) == "rlnb-pulse"
    view.page.emulate_media(reduced_motion="reduce")
    assert state.evaluate(motion) == "none"
    notebook.theme("high contrast")
    expect(view).to_have_attribute("data-theme", "dark")
    expect(view).to_have_attribute("data-contrast", "")
    expect(view).to_have_css("background-color", "rgb(0, 0, 0)")
    notebook.theme("light")
    expect(view).not_to_have_attribute("data-contrast", "")

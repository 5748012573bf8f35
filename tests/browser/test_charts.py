"""What one sees of a run, and does with its charts, in a real JupyterLab."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.charts import Charts
from tests.browser.lab import Lab, NotebookPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

SETUP = "%load_ext rlnb\nimport rlnb, json, os, time\nimport gymnasium as gym, numpy as np"
LESSON = """
training = [gym.make("CartPole-v1") for _ in range(2)]
evaluation = gym.make("CartPole-v1")
random = np.random.default_rng(0)
def play(env, skill, seed):
    observation, _ = env.reset(seed=seed)
    over, total = False, 0.0
    while not over:
        balance = int(observation[2] + 0.5 * observation[3] > 0)
        action = balance if random.random() < skill else int(random.integers(2))
        observation, reward, terminated, truncated, _ = env.step(action)
        over, total = terminated or truncated, total + reward
    return total
summed = 0.0
for episode in range(120):
    total = play(training[episode % 2], episode / 120, episode)
    summed += total
    rlnb.log({"mean reward": summed / (episode + 1), "mean Q": 5 * episode / 120, "summed reward": summed,
              "duration": total / 50})
    if episode % 20 == 19:
        play(evaluation, 1.0, episode)
rlnb.last().live()
"""
AFTER = "e = rlnb.last().episodes\nprint(json.dumps({'returns': e['return'].tolist(), 'steps': e['step'].tolist()}))"
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
BLUE, ORANGE = "#3556c8", "#d2691e"  # the first and the second series of the light theme


@pytest.fixture
def lesson(open_notebook: Open, page: Page) -> tuple[NotebookPage, Charts]:
    """A run that is over: the lesson's four metrics, two lanes, and an evaluation beside."""
    notebook = open_notebook([SETUP, LESSON, AFTER])
    notebook.run_all()
    notebook.wait_idle()
    view = notebook.cell(1).locator(".rlnb-live").last
    view.locator("canvas").first.wait_for()
    view.scroll_into_view_if_needed()
    charts = Charts(view)
    charts.until("Return", "^episode .* values drawn$")
    return notebook, charts


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


def test_the_charts_by_hand(lesson: tuple[NotebookPage, Charts], page: Page) -> None:
    notebook, charts = lesson
    view = charts.view
    the_lesson_is_a_square(view)
    hover_tells_exact_values(notebook, charts)
    windows_are_linked(charts)
    what_is_drawn_can_be_chosen(charts)
    pictures_are_saved(charts)
    it_fills_the_screen(charts)


def the_lesson_is_a_square(view: Locator) -> None:
    titles = ["Return", "Episode length", "mean reward", "mean Q", "summed reward", "duration"]
    expect(view.locator(".rlnb-panel-title")).to_have_text(titles)
    boxes = [view.get_by_role("region", name=title, exact=True).bounding_box() for title in titles[2:]]
    (a, b, c, d) = [(round(box["x"]), round(box["y"])) for box in boxes if box]
    assert a[1] == b[1] < c[1] == d[1]
    assert a[0] == c[0] < b[0] == d[0]


def hover_tells_exact_values(notebook: NotebookPage, charts: Charts) -> None:
    told = json.loads(notebook.text(2))
    truth = set(zip(told["returns"], told["steps"], strict=True))
    plot, page = charts.plot("Return"), charts.page
    tip = charts.view.locator(".rlnb-tip:visible")

    def row() -> tuple[float, float] | None:
        found = (
            re.search(r"training ([\d,.]+)\nepisode [\d,]+\nstep ([\d,]+) ", tip.inner_text()) if tip.count() else None
        )
        return None if found is None else (float(found[1].replace(",", "")), float(found[2].replace(",", "")))

    plot.focus()  # by keyboard
    page.keyboard.press("Shift+ArrowLeft")
    expect(tip).to_be_visible()
    read = set()
    for _ in range(30):  # the chart may be drawn anew meanwhile: what a random policy gets has come
        page.keyboard.press("Shift+ArrowLeft")
        read |= {found for found in [row()] if found}
    assert len(read) >= 12
    assert read <= truth
    box = plot.bounding_box()  # by pointer
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.3)
    plot.blur()
    seen: set[tuple[float, float]] = set()
    for share in range(15, 90, 3):
        page.mouse.move(box["x"] + box["width"] * share / 100, box["y"] + box["height"] * 0.72)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        seen |= {found for found in [row()] if found}
    assert seen
    assert seen <= truth


def windows_are_linked(charts: Charts) -> None:
    page, view = charts.page, charts.view
    show_all = view.get_by_role("button", name="Show all")
    whole = charts.window()
    charts.changed(lambda: charts.drag("Return", 0.3, 0.6), "Return", "Episode length", "mean Q", "duration")
    low, high = charts.window()
    assert whole[0] < low < high < whole[1]
    assert charts.window("Episode length") == (low, high)
    assert charts.window("mean Q") == charts.window("duration") == (low, high)  # a metric has its place among episodes
    charts.changed(lambda: page.mouse.wheel(0, -300), "Return", "Episode length")
    closer = charts.window()
    assert closer[1] - closer[0] < high - low
    view.get_by_role("button", name="Drag to move").click()
    charts.changed(lambda: charts.drag("Episode length", 0.3, 0.6), "Return", "Episode length")
    moved = charts.window()
    assert moved[0] < closer[0]
    assert abs((moved[1] - moved[0]) - (closer[1] - closer[0])) < 0.1 * (closer[1] - closer[0])
    charts.changed(show_all.click, "Return", "mean Q")
    assert charts.window() == whole
    expect(show_all).to_be_hidden()
    view.get_by_role("button", name="Drag to zoom").click()
    charts.changed(lambda: charts.drag("Return", 0.4, 0.5), "Return")
    charts.changed(lambda: charts.plot("Return").dblclick(), "Return")
    assert charts.window() == whole


def what_is_drawn_can_be_chosen(charts: Charts) -> None:
    view, page = charts.view, charts.page
    panel = view.get_by_role("region", name="Return", exact=True)
    dots = lambda: charts.picture().count("<circle")  # noqa: E731
    everything = dots()
    assert ORANGE in charts.picture()
    chip = panel.get_by_role("button", name="evaluation")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    assert 0 < dots() < everything
    chip.click()
    view.get_by_role("combobox", name="Group").select_option("evaluation")
    expect(panel.get_by_role("button", name="training")).to_have_attribute("aria-pressed", "false")
    assert 0 < dots() < everything / 4
    view.get_by_role("combobox", name="Group").select_option("all groups")
    view.get_by_role("combobox", name="Lane").select_option("lane 1")
    charts.until("Return", "; 60 values drawn$")
    view.get_by_role("combobox", name="Lane").select_option("all lanes")
    charts.until("Return", "; 126 values drawn$")
    axes = view.get_by_role("group", name="x axis")
    for name, words in (("step", "environment step"), ("time", "time"), ("episode", "episode")):
        axes.get_by_role("button", name=name).click()
        charts.until("Return", f"^{words} ")
        charts.until("mean Q", f"^{words} ")
    smoothing = view.get_by_role("slider", name="Smoothing")
    smoothing.focus()
    page.keyboard.press("Home")
    expect(view.locator(".rlnb-smooth-value")).to_have_text("off")
    expect(smoothing).to_have_attribute("aria-valuetext", "off")
    rough = charts.picture().count('stroke-width="2.2"')
    smoothing.focus()
    page.keyboard.press("End")
    expect(view.locator(".rlnb-smooth-value")).to_have_text("500")
    assert rough == 0 < charts.picture().count('stroke-width="2.2"')
    log = view.get_by_role("button", name="Logarithmic y axis")
    log.click()
    expect(log).to_have_attribute("aria-pressed", "true")
    charts.until("Return", r"; [1-9]\d*(\.\d+)? to ")  # no room below zero
    log.click()
    charts.until("Return", r"; −\d")


def pictures_are_saved(charts: Charts) -> None:
    svg = ET.fromstring(charts.picture())
    space = {"svg": "http://www.w3.org/2000/svg"}
    words = [text.text for text in svg.iterfind(".//svg:text", space)]
    assert {"Return", "mean Q", "solved at 475", "evaluation"} <= set(words)
    curve = max((path.get("d", "") for path in svg.iterfind(f".//svg:path[@stroke='{BLUE}']", space)), key=len)
    assert curve.count("L") > 100
    with charts.page.expect_download() as download:
        charts.view.get_by_role("button", name="Save the charts as PNG").click()
    png = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert png.format == "PNG"
    assert png.width >= 2 * 600
    colors = {color for _, color in png.convert("RGB").getcolors(10**6) or []}
    assert tuple(bytes.fromhex(BLUE[1:])) in colors


def it_fills_the_screen(charts: Charts) -> None:
    full = charts.view.get_by_role("button", name="Fill the screen, or leave it")
    small = charts.plot("Return").bounding_box()
    full.click()
    charts.page.wait_for_function("document.fullscreenElement?.classList.contains('rlnb-live')")
    full.click()
    charts.page.wait_for_function("document.fullscreenElement === null")
    charts.page.wait_for_function(
        "([plot, height]) => Math.abs(plot.getBoundingClientRect().height - height) < 2",
        arg=[charts.plot("Return").element_handle(), small and small["height"]],
    )

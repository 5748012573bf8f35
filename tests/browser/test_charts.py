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
from tests.browser.lab import NotebookPage

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
AFTER = """
e = rlnb.last().episodes.query("lane < 2")
print(json.dumps({"returns": e["return"].tolist(), "steps": e["step"].tolist()}))
"""
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
    truth = list(zip(told["returns"], told["steps"], strict=True))
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
    read = [row()]
    for _ in range(12):
        page.keyboard.press("Shift+ArrowLeft")
        read.append(row())
    assert read == truth[:-14:-1]
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
    assert seen <= set(truth)


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

    def zoom_at_once() -> None:
        with charts.no_frames():  # a hand that is quicker than the page draws
            view.get_by_role("button", name="Drag to zoom").click()
            charts.drag("Return", 0.4, 0.5)

    charts.changed(zoom_at_once, "Return")
    low, high = charts.window()
    assert high - low < 0.2 * (whole[1] - whole[0])
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


CUT = """
env = gym.make("Pendulum-v1")
for k in range(12):
    env.reset(seed=k)
    for _ in range(20):
        env.step(env.action_space.sample())
rlnb.last().live()
"""
ONLY_LOGS = """
for k in range(300):
    rlnb.log(loss=1 / (k + 1))
rlnb.last().live()
"""


def test_the_axis_is_one_along_which_there_is_something(open_notebook: Open) -> None:
    notebook = open_notebook([SETUP, CUT, ONLY_LOGS])
    notebook.run_all()
    notebook.wait_idle()
    for cell, chart, axis in ((1, "Return", "episode"), (2, "loss", "time")):
        view = notebook.cell(cell).locator(".rlnb-live").last
        view.locator("canvas").first.wait_for()
        view.scroll_into_view_if_needed()
        Charts(view).until(chart, f"^{axis} ")

"""A comparison in the page: settings and their runs, search, columns, files, and the same with no kernel."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, NotebookPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

SETUP = """
%load_ext rlnb
import rlnb, gymnasium as gym, numpy as np
def train(skill, seed):
    env, dice = gym.make("CartPole-v1"), np.random.default_rng(seed)
    for episode in range(40):
        observation, _ = env.reset(seed=1000 * seed + episode)
        over = False
        while not over:
            wise = dice.random() < skill * (episode + 10) / 50
            action = int(observation[2] + observation[3] > 0) if wise else int(dice.integers(2))
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
"""
RUNS = """
for lr, skill in ((0.1, 0.95), (0.01, 0.6), (0.001, 0.2)):
    for run in rlnb.seeds(4, name=f"lr {lr}", params={"lr": lr, "note": "=1+1 <b>"}):
        train(skill, run.seed)
"""
LOOK = os.environ.get("RLNB_SCREENSHOTS")


@pytest.fixture
def comparison(open_notebook: Open) -> NotebookPage:
    notebook = open_notebook([SETUP, RUNS, "c = rlnb.compare(*rlnb.sessions()['id'], by='lr')\nc"])
    for index in range(3):
        notebook.run(index)
        notebook.wait_idle()
    return notebook


def test_settings_open_to_their_runs_and_everything_is_within_reach(comparison: NotebookPage, page: Page) -> None:
    view = page.locator(".rlnb-comparison")
    names = view.locator("tbody td[data-key=name]")
    settings = ["lr=0.001", "lr=0.01", "lr=0.1"]
    expect(names).to_have_text(settings)
    expect(view.locator(".rlnb-verdict")).to_have_text(
        "lr=0.1 is better than lr=0.001 and lr=0.01 (Holm's adjustment for 2 comparisons)."
    )
    expect(view.locator(".rlnb-comparison-head")).to_contain_text("95% t-interval of the mean, 4 runs")
    look(comparison, "compare")

    view.get_by_role("button", name="mean return (last 100)").click()
    expect(names).to_have_text(settings[::-1])
    expect(view.locator("td[data-key=scores] circle")).to_have_count(12)
    expect(view.locator("td[data-key=beaten]").nth(1)).to_contain_text("[")
    best = view.get_by_role("button", name="lr=0.1", exact=True)
    best.focus()
    page.keyboard.press("Enter")
    expect(names).to_have_count(7)
    expect(best).to_have_attribute("aria-expanded", "true")
    expect(names.nth(1)).to_contain_text("seed")
    expect(view.locator("tr[data-of=run] td[data-key=curve] path")).to_have_count(4)
    view.get_by_role("button", name="lr 0.1 · seed 3").click()
    expect(view.locator(".rlnb-about")).to_contain_text('rlnb.get("')
    expect(view.locator(".rlnb-about")).to_contain_text("CartPole-v1 · seed 3 · lr=0.1, note==1+1 <b>")
    view.get_by_role("button", name="lr 0.1 · seed 3").click()
    expect(view.locator(".rlnb-about")).to_have_count(0)
    look(comparison, "compare-open")

    canvas = view.locator("canvas").first.element_handle()
    whole = canvas.evaluate("canvas => canvas.toDataURL()")
    view.get_by_label("Show the curves of lr=0.1", exact=True).uncheck()
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, whole])
    expect(view.locator("tr[data-of=run][data-off]")).to_have_count(4)
    view.get_by_label("Show the curves of lr=0.1", exact=True).check()
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() === before", arg=[canvas, whole])

    box = view.locator(".rlnb-plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 160, steps=5)
    page.mouse.up()
    everything = view.get_by_role("button", name="Show all")
    expect(everything).to_be_visible()
    everything.click()
    expect(everything).to_be_hidden()
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() === before", arg=[canvas, whole])

    view.get_by_label("Search the table").fill("lr<0.05")
    expect(view.locator("tbody tr[data-of=setting]")).to_have_count(2)
    view.get_by_label("Search the table").fill("nothing like it")
    expect(view.locator("tbody")).to_contain_text("Nothing is found")
    view.get_by_label("Search the table").fill("")

    view.get_by_role("button", name="Runs", exact=True).click()
    expect(names).to_have_count(12)
    view.get_by_text("Columns", exact=True).click()
    view.get_by_label("steps/s").uncheck()
    expect(view.locator("th[data-key=steps_per_s]")).to_have_count(0)
    view.get_by_label("area under the curve").check()
    expect(view.locator("td[data-key=area]").first).not_to_have_text("–")
    page.keyboard.press("Escape")
    expect(view.get_by_label("area under the curve")).to_be_hidden()

    view.get_by_text("Save", exact=True).click()
    for name, begins in (
        ("CSV", "name,lr,"),
        ("JSON", '{\n  "verdict"'),
        ("Markdown", "| name | lr |"),
        ("LaTeX", "\\b"),
    ):
        with page.expect_download() as got:
            view.get_by_role("button", name=name, exact=True).click()
        text = Path(got.value.path()).read_text(encoding="utf-8")
        assert text.startswith(begins), text[:200]
        assert "area under the curve" in text and "steps/s" not in text
    page.keyboard.press("Escape")

    view.get_by_label("Replay the best episode of lr 0.1").first.click()
    expect(view.locator(".rlnb-badge")).to_have_text("exact")


def test_it_works_in_a_narrow_cell_and_in_the_dark(comparison: NotebookPage, page: Page) -> None:
    comparison.theme("dark")
    page.set_viewport_size({"width": 640, "height": 1000})
    view = page.locator(".rlnb-comparison")
    view.locator("canvas").first.wait_for()
    wide = view.evaluate("el => [el.scrollWidth, el.clientWidth]")
    assert wide[0] <= wide[1], "only the table scrolls sideways"
    view.get_by_text("Columns", exact=True).click()
    box, edge = view.locator(".rlnb-menu:visible").bounding_box(), view.bounding_box()
    assert box and edge and box["x"] >= edge["x"] and box["x"] + box["width"] <= edge["x"] + edge["width"] + 1
    view.get_by_label("environment").check()  # the last one can be reached
    look(comparison, "compare-narrow")


def test_a_saved_page_sorts_searches_and_hides_with_no_kernel(
    comparison: NotebookPage, lab: Lab, page: Page, tmp_path: Path
) -> None:
    view = page.locator(".rlnb-comparison")
    view.locator("canvas").first.wait_for()
    size = len(json.dumps(comparison.save()))
    assert size < 300_000, f"the saved notebook has {size:,} bytes"
    lab.end_kernels()
    expect(page.get_by_text("No Kernel").or_(page.locator(".rlnb-comparison")).first).to_be_visible()
    names = view.locator("tbody td[data-key=name]")
    view.get_by_role("button", name="mean return (last 100)").click()
    expect(names.first).to_have_text("lr=0.1")
    view.get_by_label("Search the table").fill("lr=0.01")
    expect(names).to_have_text(["lr=0.01"])
    view.get_by_label("Show the curves of lr=0.01").uncheck()
    expect(view.locator("tr[data-off]")).to_have_count(1)


def look(notebook: NotebookPage, name: str) -> None:
    """A picture, where somebody wants to look at it."""
    if LOOK:
        Path(LOOK).mkdir(parents=True, exist_ok=True)
        notebook.screenshot(Path(LOOK) / f"{name}.png")

"""What the scenarios of rough use share: cells that train, and a hand that does not wait for a page to stand still."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from tests.browser.lab import Lab

SETUP = """
%load_ext rlnb
import rlnb
import json, time, pathlib
import gymnasium as gym
from IPython import display

def train(env, going=lambda: True, each=lambda episode: None):
    env.action_space.seed(1)
    episode = 0
    while going():
        env.reset(seed=episode)
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
        episode += 1
        each(episode)

def tell(**facts):
    "Facts for the test, whole or not at all."
    pathlib.Path("facts.part").write_text(json.dumps(facts))
    pathlib.Path("facts.part").replace("facts.json")
"""


def number(view: Locator, what: str) -> int:
    """A count in the header of a view."""
    found = re.search(rf"([\d,]+)\s*{what}", view.locator(".rlnb-facts").inner_text())
    return int(found.group(1).replace(",", "")) if found else 0


def bring(element: Locator) -> None:
    """Into sight, at once: a page that prints 2,000 lines a second never stands still."""
    element.evaluate("element => element.scrollIntoView({ block: 'nearest' })")


def press(view: Locator, name: str) -> None:
    """A button, as soon as it is there."""
    view.get_by_role("button", name=name, exact=True).evaluate("button => button.click()")


def wait_for(view: Locator, what: str, least: int, timeout: float | None = None) -> None:
    """Until a view, brought into sight, counts so many `what`."""
    bring(view)
    view.page.wait_for_function(
        """([view, what, least]) => {
            const text = view.querySelector('.rlnb-facts')?.innerText ?? '';
            const found = text.match(new RegExp(`([0-9,]+)[^0-9a-z]*${what}`));
            return found && Number(found[1].replaceAll(',', '')) >= least;
        }""",
        arg=[view.element_handle(timeout=timeout), what, least],
        timeout=timeout,
    )


def facts(lab: Lab) -> dict[str, Any]:
    """What the cell told last."""
    told: dict[str, Any] = json.loads((lab.folder / "facts.json").read_text())
    return told


def wait_for_points(view: Locator, episodes: int, folder: Path) -> None:
    """Until the return's chart, brought into sight, has drawn so many episodes (few enough that none is thinned)."""
    bring(view.locator(".rlnb-panel").first)
    until, drawn = time.monotonic() + 20, -1
    while drawn != episodes:
        assert time.monotonic() < until, f"{drawn} of {episodes} episodes are in the chart"
        with view.page.expect_download() as saving:
            press(view, "Save the charts as SVG")
        saving.value.save_as(folder / "chart.svg")
        svg = (folder / "chart.svg").read_text(encoding="utf-8")
        drawn = svg.split("</clipPath>")[1].count("<circle")

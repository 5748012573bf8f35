"""The charts of a live view in a page, by what they say of themselves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, expect


class Charts:
    """The live view of a cell, and what its charts say of themselves."""

    def __init__(self, view: Locator) -> None:
        self.view, self.page = view, view.page

    def plot(self, title: str) -> Locator:
        return self.view.get_by_role("region", name=title, exact=True).locator(".rlnb-plot")

    def said(self, title: str) -> str:
        return self.plot(title).get_attribute("aria-description") or ""

    def window(self, title: str = "Return") -> tuple[float, float]:
        """The span of x that a chart shows."""
        found = re.search(r"(?:episode|step|time) (\S+) to (\S+);", self.said(title))
        assert found, self.said(title)
        low, high = (float(end.replace(",", "").replace("−", "-")) for end in found.groups())
        return low, high

    def until(self, title: str, pattern: str) -> None:
        expect(self.plot(title)).to_have_attribute("aria-description", re.compile(pattern))

    def changed(self, act: Callable[[], object], *titles: str) -> None:
        """Do something, and wait until these charts show another window."""
        before = {title: self.said(title).partition(";")[0] for title in titles}
        act()
        for title, words in before.items():
            self.until(title, f"^(?!{re.escape(words)};)")

    @contextmanager
    def no_frames(self) -> Iterator[None]:
        """A page that is too busy to draw: what waits for an animation frame waits until the end."""
        self.page.evaluate("""() => {
            const [ask, held] = [window.requestAnimationFrame, []];
            window.requestAnimationFrame = (call) => -held.push(call);
            window.framesAgain = () => { window.requestAnimationFrame = ask; held.forEach((call) => ask(call)); };
        }""")
        try:
            yield
        finally:
            self.page.evaluate("() => window.framesAgain()")

    def drag(self, title: str, begin: float, end: float) -> None:
        """Press at one share of a chart's width, let go at another."""
        box = self.plot(title).bounding_box()
        assert box
        y = box["y"] + box["height"] * 0.4
        self.page.mouse.move(box["x"] + box["width"] * begin, y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * (begin + end) / 2, y + 20, steps=4)
        self.page.mouse.move(box["x"] + box["width"] * end, y + 40, steps=4)
        self.page.mouse.up()

    def picture(self) -> str:
        """The charts as the view saves them: an SVG."""
        with self.page.expect_download() as download:
            self.view.get_by_role("button", name="Save the charts as SVG").click()
        assert download.value.suggested_filename.endswith(".svg")
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert ET.fromstring(text).tag.endswith("svg")
        return text

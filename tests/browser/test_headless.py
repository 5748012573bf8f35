"""What `nbconvert --execute` left behind, opened: in JupyterLab without its kernel, and as a page offline."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, NotebookPage
from tests.test_headless import CELLS, environment, lesson, run_nbconvert

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOWS = ("slow", "fast", "table", "replay", "player")
# Either the widget, drawn from the state that the file carries, or the picture beside it.
DRAWN = ".rlnb-live canvas, .rlnb-comparison canvas, .rlnb-player, .rlnb-static img"


def test_the_executed_notebook_opens_without_its_kernel(lab: Lab, page: Page, tmp_path: Path) -> None:
    source = lesson(tmp_path)
    run_nbconvert(source, tmp_path / "executed.ipynb", environment(tmp_path))
    target = lab.folder / "executed.ipynb"
    for trusted in (False, True):
        target.write_bytes((tmp_path / "executed.ipynb").read_bytes())
        if trusted:
            lab.trust("executed.ipynb")
        notebook = NotebookPage(lab, page, "executed.ipynb", kernel=False)
        for name in SHOWS:
            cell = notebook.cell(list(CELLS).index(name))
            expect(cell.locator(DRAWN).locator("visible=true").first).to_be_visible()
        expect(page.get_by_text("model not found").locator("visible=true")).to_have_count(0)


def test_the_executed_page_shows_its_pictures_offline(page: Page, tmp_path: Path) -> None:
    target = tmp_path / "executed.html"
    run_nbconvert(lesson(tmp_path), target, environment(tmp_path))
    page.context.set_offline(True)
    page.goto(target.as_uri(), wait_until="domcontentloaded")
    pictures = page.locator(".rlnb-static img").locator("visible=true")
    expect(pictures).to_have_count(len(SHOWS))
    for picture in pictures.all():
        assert picture.evaluate("img => img.complete && img.naturalWidth >= 100")

"""The quickstart as one page: no kernel, no network; curves, table and a replay that plays."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rlnb.page import write_page

pytestmark = pytest.mark.browser
QUICKSTART = Path(__file__).parents[2] / "notebooks" / "00_quickstart.ipynb"


def test_the_quickstart_as_an_offline_page(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_page(QUICKSTART, tmp_path / "quickstart.html")
    text = path.read_text()
    assert "http://" not in text
    assert "https://" not in text
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    expect(page.locator(".rlnb-static table tbody tr").first).to_be_visible()
    pictures = page.locator(".rlnb-static img")
    assert pictures.count() >= 2
    assert all(pictures.nth(k).evaluate("img => img.naturalWidth > 300") for k in range(pictures.count()))
    video = page.locator(".rlnb-static video").first
    video.evaluate("video => video.play()")
    page.wait_for_function("document.querySelector('.rlnb-static video').currentTime > 0.05")
    assert "Error" not in "".join(page.locator(".jp-RenderedText").all_inner_texts())

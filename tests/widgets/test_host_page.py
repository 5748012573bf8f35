"""The built bundle in a host as Colab is one (no `signal`, no `host`, bytes as Uint8Array), and in a deaf one."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from rlnb.widgets.asset import LOADER
from rlnb.widgets.codec import encode

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
BUNDLE = HERE.parents[1] / "rlnb" / "widgets" / "static" / "rlnb.js"


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def frame(rows: int = 0, **header: Any) -> str:
    """A header and `rows` episodes, as Python sends them."""
    series = [{"panel": "return", "series": "episodes", "group": 0, "kind": "points", "total": rows}] if rows else []
    names = ("episode", "step", "time", "value") if rows else ()
    columns = {f"0.{name}": np.arange(rows, dtype=np.float64) for name in names}
    flags = {f"0.{name}": np.zeros(rows, np.int8) for name in ("cut", "lane")} if rows else {}
    return text(encode({"header": {"name": "a run", **header}, "series": series}, {**columns, **flags}))


@pytest.fixture
def host(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 900, "height": 600})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((HERE / "host.html").as_uri())
    page.wait_for_function("window.ready")
    yield page
    page.close()
    assert faults == []


def begin(host: Page, snapshot: str) -> None:
    code = text(gzip.compress(BUNDLE.read_bytes()))
    host.evaluate("given => begin(given)", {"loader": LOADER, "code": code, "snapshot": snapshot})


def test_the_view_is_drawn_and_told_by_messages(host: Page) -> None:
    begin(host, frame(rows=30, state="running", steps=1))
    facts = host.locator(".rlnb-facts")
    expect(facts).to_contain_text("1steps", use_inner_text=False)
    expect(host.locator(".rlnb-live canvas").first).to_be_visible()
    view = host.evaluate("view.sent[0].view")
    host.evaluate("([c, b]) => tell(c, b)", [{"type": "snapshot", "seq": 2, "to": view}, frame(40, steps=1234)])
    host.evaluate("([c, b]) => tell(c, b)", [{"type": "tick", "seq": 3}, frame(steps=5678, controls=["stop"])])
    expect(facts).to_contain_text("5,678")
    assert host.evaluate("view.sent.slice(1)") == [{"type": "ack", "seq": 2}, {"type": "ack", "seq": 3}]
    host.get_by_role("button", name="Stop").click()
    assert host.evaluate("view.sent.at(-1)") == {"type": "command", "name": "stop", "payload": {}}
    # who is told everything by messages needs no picture, which may be older
    host.evaluate("snapshot => draw(snapshot)", frame(40, state="running", steps=3))
    host.evaluate("([c, b]) => tell(c, b)", [{"type": "tick", "seq": 3}, frame(elapsed=9)])
    expect(facts).to_contain_text("5,678")
    host.evaluate("undo()")
    expect(host.locator(".rlnb-live")).to_have_count(0)
    assert host.evaluate("listening()") == 0


def test_a_kernel_that_cannot_hear_draws_by_the_trait_and_the_view_says_so(host: Page) -> None:
    begin(host, frame(rows=30, state="running", steps=10, hears=False, controls=["stop", "pause", "slow"]))
    note = host.get_by_role("note")
    expect(note).to_contain_text("the controls apply when the cell ends")
    expect(note).to_contain_text("own stop button works now")
    expect(host.get_by_role("button", name="Stop")).to_be_visible()
    host.evaluate("tell({ type: 'error', text: 'a word came through' })")  # the connection counts as alive from here
    host.evaluate("snapshot => draw(snapshot)", frame(60, state="running", steps=777, hears=False))
    expect(host.locator(".rlnb-facts")).to_contain_text("777")
    expect(note).to_be_visible()
    host.evaluate("snapshot => draw(snapshot)", frame(60, state="finished", steps=900, hears=False))
    expect(host.locator(".rlnb-state")).to_have_text("finished")
    expect(note).to_be_hidden()
    assert host.evaluate("view.sent.filter((content) => content.type === 'hello').length") == 1

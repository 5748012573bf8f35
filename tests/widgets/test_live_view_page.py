"""The live view in a real browser, driven by a model of paper (js/tests/gallery)."""

from __future__ import annotations

import base64
import functools
import http.server
import importlib.util
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import imageio.v2 as imageio
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
GALLERY = Path(__file__).parents[2] / "js" / "tests" / "gallery"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shoot", GALLERY / "shoot.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def address(gallery: ModuleType) -> Iterator[str]:
    handler = functools.partial(gallery.Handler, directory=str(GALLERY))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 900, "height": 500})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}?scene=running")
    expect(page.locator(".rlnb-plot").first).to_be_visible()
    page.wait_for_function("document.querySelector('.rlnb-plot').childElementCount > 0")
    yield page
    page.close()
    assert faults == []


def commands(page: Page) -> list[Any]:
    return [content for content in page.evaluate("model.sent") if content["type"] == "command"]


def hover_a_point(page: Page) -> tuple[float, float]:
    box = page.locator(".rlnb-plot").first.bounding_box()
    assert box is not None
    for dx in range(60, 400, 8):
        x, y = box["x"] + dx, box["y"] + 60
        page.mouse.move(x, y)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        tip = page.locator(".rlnb-tip:visible")
        if tip.count() and "click to replay" in tip.first.inner_text():
            return x, y
    raise AssertionError("no point under the pointer")


def test_a_click_on_a_point_asks_for_that_episode(page: Page) -> None:
    hover_a_point(page)
    words = page.locator(".rlnb-tip:visible").first.inner_text()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(".rlnb-film-text")).to_be_visible()
    [asked] = commands(page)
    assert asked["name"] == "replay"
    assert f"episode {asked['payload']['episode']}\n" in words


def test_the_keyboard_way_to_a_replay(page: Page) -> None:
    page.get_by_label("Episode to play").select_option("number")
    page.get_by_label("Episode number").fill("17")
    page.keyboard.press("Enter")
    page.get_by_label("Episode to play").select_option("worst")
    page.get_by_role("button", name="Play").click()
    assert [one["payload"]["episode"] for one in commands(page)] == [17, "worst"]


def test_the_wheel_scrolls_the_page_until_the_chart_is_clicked(page: Page) -> None:
    x, y = hover_a_point(page)
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.up()
    page.mouse.wheel(0, -200)
    show_all = page.get_by_role("button", name="Show all")
    expect(show_all).to_be_visible()
    assert page.evaluate("scrollY") == 0
    show_all.click()
    expect(show_all).to_be_hidden()


def test_zoom_by_keyboard(page: Page) -> None:
    page.locator(".rlnb-plot").first.focus()
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Show all")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Show all")).to_be_hidden()


def test_pause_and_stop_are_commands(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    assert [one["name"] for one in commands(page)] == ["pause"]


def test_a_film_is_played_and_its_failure_is_told(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    imageio.mimwrite(path, list(np.zeros((8, 32, 64, 3), np.uint8)), fps=30, codec="libx264", macro_block_size=2)
    page.evaluate(
        """([data, meta]) => {
            const mp4 = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const rewards = frame({}, {rewards: ["f8", [1, 1, 1, 1, 1, 1, 1]]});
            model.emit({ type: "films", films: [meta] }, [mp4, rewards]);
        }""",
        [
            base64.b64encode(path.read_bytes()).decode(),
            {"fps": 30, "frames": 8, "width": 64, "height": 32, "verdict": "exact", "words": "", "caption": "best"},
        ],
    )
    page.wait_for_function("document.querySelector('.rlnb-film video')?.readyState >= 2")
    expect(page.locator(".rlnb-film").get_by_text("exact")).to_be_visible()
    page.evaluate("model.emit({ type: 'film_error', text: 'pygame is missing' })")
    expect(page.get_by_text("pygame is missing")).to_be_visible()


def test_the_view_of_an_earlier_run_is_a_line_unless_a_hand_has_touched_it(page: Page) -> None:
    def tell(seq: int, **header: object) -> None:
        page.evaluate(
            "([seq, header]) => model.emit({ type: 'tick', seq }, [frame({ header, series: [] }, {})])", [seq, header]
        )

    root, charts = page.locator(".rlnb-live"), page.locator(".rlnb-grid")
    tell(1, state="finished", controls=[])
    tell(2, folded=True)
    expect(charts).to_be_hidden()
    expect(root).to_contain_text("48,210")  # the rest of the header is as it was told before
    assert root.evaluate("root => root.offsetHeight") < 110
    page.get_by_role("button", name="Show charts").click()
    expect(charts).to_be_visible()
    tell(3, steps=48_300)
    expect(root).to_contain_text("48,300")
    expect(charts).to_be_visible()
    page.get_by_role("button", name="Fold").press("Enter")
    expect(charts).to_be_hidden()
    page.reload()
    page.locator(".rlnb-plot").first.click()
    tell(1, folded=True)
    expect(page.get_by_role("button", name="Fold")).to_be_visible()
    expect(charts).to_be_visible()


def test_render_undoes_itself(page: Page) -> None:
    page.evaluate("undo()")
    assert page.evaluate("[model.listening(), document.getElementById('here').childElementCount]") == [0, 0]


def test_streaming_keeps_up(page: Page) -> None:
    acknowledged = page.evaluate(
        """async () => {
            for (let seq = 1; seq <= 30; seq++) {
                const series = [{panel: "return", series: "return", group: 0, kind: "points"}];
                const at = [420 + seq];
                const bytes = frame({header: {...head, episodes: 420 + seq}, series}, {"0.episode": ["f8", at],
                    "0.step": ["f8", at], "0.time": ["f8", at], "0.value": ["f8", at], "0.cut": ["u1", [0]]});
                model.emit({ type: "tick", seq }, [bytes]);
                await new Promise((done) => requestAnimationFrame(done));
            }
            return model.sent.filter((content) => content.type === "ack").length;
        }"""
    )
    assert acknowledged == 11  # the snapshot and every third of 30 ticks
    expect(page.locator(".rlnb-facts")).to_contain_text("450")


@pytest.mark.parametrize(("theme", "expected"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(23, 27, 38)")])
def test_the_view_follows_the_theme(page: Page, theme: str, expected: str) -> None:
    page.evaluate(f"document.body.dataset.jpThemeLight = '{theme == 'light'}'.toLowerCase()")
    expect(page.locator(".rlnb-root")).to_have_css("background-color", expected)


STATES = {
    "running": ("running", "of 60,000 steps", "left"),
    "paused": ("paused", "Paused: return 481 is above 475.", "Resume"),
    "waiting": ("waiting for the next step", "Resume", "Step"),
    "stopped": ("stopped", "Stopped by hand. Everything up to here is kept."),
    "interrupted": ("interrupted", "Everything up to here is kept."),
    "failed": ("failed", "ValueError: action 3 is outside Discrete(2)"),
    "empty": ("running", "Waiting for the first episode"),
    "lost": ("disconnected", "The kernel does not answer", "Try again"),
}


def test_every_state_says_what_it_is(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600})
    for scene, (state, *words) in STATES.items():
        page.goto(f"{address}?scene={scene}")
        expect(page.locator(".rlnb-state")).to_have_text(state, timeout=20_000)  # it waits five seconds for an answer
        for some in words:
            expect(page.locator(".rlnb-live")).to_contain_text(some)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, scene
    retry = page.get_by_role("button", name="Try again")  # the last one: a kernel that was away and is back
    page.evaluate(
        """() => { model.onsend = (content) => {
            const answer = { type: "snapshot", seq: 0, to: content.view };
            if (content.type === "hello") model.emit(answer, [model.get("snapshot")]);
        }; }"""
    )
    retry.click()
    expect(page.locator(".rlnb-state")).to_have_text("running")
    expect(retry).to_be_hidden()
    page.close()


def test_the_system_may_paint_in_its_own_colours(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    expect(page.locator(".rlnb-live")).to_have_attribute("data-contrast", "")
    pressed = page.get_by_role("group", name="x axis").get_by_role("button", pressed=True)
    expect(pressed).to_have_css("outline-style", "solid")  # a ground alone would not be seen


def test_no_width_makes_it_overflow(browser: Browser, address: str) -> None:
    for width in (320, 700, 1100):
        page = browser.new_page(viewport={"width": width, "height": 600})
        page.goto(f"{address}?scene=hostile")
        expect(page.locator(".rlnb-plot").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


def test_who_only_logs_sees_his_numbers_over_time_and_no_counts_of_what_is_not_there(page: Page, address: str) -> None:
    page.goto(f"{address}?scene=logged")
    loss = page.get_by_role("region", name="loss", exact=True).locator(".rlnb-plot")
    expect(loss).to_have_attribute("aria-description", re.compile(r"^time .*; 200 values drawn$"))
    expect(page.locator(".rlnb-facts > div:visible")).to_have_text([re.compile("^.* s ?elapsed$")])
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    page.get_by_role("button", name="step", exact=True).click()
    expect(loss).to_have_attribute("aria-description", re.compile(r"^time "))
    page.goto(f"{address}?scene=running")
    expect(loss).to_have_attribute("aria-description", re.compile(r"^episode .*; 420 values drawn$"))

"""The episode player in a real notebook: every control by mouse and by keyboard, frames and values that are the
environment's own, other futures, files, and a page that plays from a disk."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import NotebookPage

pytestmark = pytest.mark.browser

# What the notebook plays, and this process plays again to know the truth: seeds and rules, no dice.
PLAYING = """
import gymnasium as gym, numpy as np
try: import ale_py
except ImportError: pass
def rule(count, k, seed):
    return (k * (seed + 3) // 2 + k // 5) % count
def play(env_id, seeds, most, meet=lambda *_: None, **kwargs):
    env = gym.make(env_id, **kwargs)
    count = int(env.action_space.n)
    for seed in seeds:
        obs, info = env.reset(seed=seed)
        meet(seed, 0, obs, 0.0, env)
        for k in range(most):
            obs, reward, terminated, truncated, info = env.step(rule(count, k, seed))
            meet(seed, k + 1, obs, reward, env)
            if terminated or truncated: break
    env.reset()
    env.close()
"""
BEGIN = ["%load_ext rlnb\nimport rlnb", PLAYING]
SEEDS = range(3)
BRIGHTNESS = np.array([0.2126, 0.7152, 0.0722])  # BT.709; of the colours H.264 keeps half the resolution


def truth(env_id: str, most: int, wanted: Callable[[int, int], bool]) -> dict[tuple[int, int], tuple[Any, float, Any]]:
    """(seed, step) -> observation, reward and picture, from an environment of this process; drawn at every step, as a
    film is."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    space: dict[str, Any] = {}
    exec(PLAYING, space)
    met: dict[tuple[int, int], tuple[Any, float, Any]] = {}

    def meet(seed: int, k: int, obs: Any, reward: float, env: Any) -> None:
        picture = env.render()
        if wanted(seed, k):
            met[seed, k] = (np.array(obs), float(reward), picture)

    space["play"](env_id, SEEDS, most, meet, render_mode="rgb_array")
    return met


class PlayerPage:
    """The player of one cell."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.page: Page = root.page
        self.el = root.locator(".rlnb-player")

    def ready(self, films: int = 1) -> None:
        expect(self.root.locator("video:not(.rlnb-player-eye)")).to_have_count(films)
        self.page.wait_for_function(
            "root => [...root.querySelectorAll('video')].every(video => video.readyState >= 2)",
            arg=self.root.element_handle(),
        )

    def key(self, key: str) -> None:
        self.el.focus()
        self.page.keyboard.press(key)

    def go(self, step: int) -> None:
        """By the slider, as a person who drags it."""
        self.root.get_by_label("Step of the episode").evaluate(
            "(slider, k) => { slider.value = k; slider.dispatchEvent(new Event('input')); }", step
        )
        self.at(step)

    def at(self, step: int, film: int = 0) -> None:
        """Wait until the picture of this frame is on the screen."""
        self.page.wait_for_function(
            """([root, film, k]) => { const video = root.querySelectorAll('video:not(.rlnb-player-eye)')[film];
            return video.dataset.frame === String(k) && !video.seeking && video.paused && video.readyState >= 2; }""",
            arg=[self.root.element_handle(), film, step],
        )

    def counter(self) -> str:
        return self.root.locator(".rlnb-player-counter").inner_text()

    def picture(self, film: int = 0) -> np.ndarray[Any, Any]:
        from PIL import Image

        data = self.root.locator("video:not(.rlnb-player-eye)").nth(film).evaluate(
            """async video => { await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
            canvas.getContext('2d').drawImage(video, 0, 0); return canvas.toDataURL('image/png'); }"""
        )  # fmt: skip
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB"), np.int16)

    def value(self, name: str) -> float:
        return float(
            self.root.locator(f'.rlnb-inspector tr[data-key="{name}"] td').get_attribute("data-value") or "nan"
        )


@pytest.fixture
def player(open_notebook: Callable[..., NotebookPage]) -> Callable[..., PlayerPage]:
    def opened(cells: list[str], films: int = 1) -> PlayerPage:
        notebook = open_notebook([*BEGIN, *cells])
        notebook.run_all()
        notebook.wait_idle(120_000)
        last = len(BEGIN) + len(cells) - 1
        assert not notebook.failed(last), notebook.text(last)
        root = notebook.cell(last).locator(".rlnb-player-widget")
        root.scroll_into_view_if_needed()
        made = PlayerPage(root)
        made.ready(films)
        return made

    return opened


CARTPOLE = "with rlnb.session('pole') as s:\n    play('CartPole-v1', range(3), 200)"


def test_every_control_by_mouse_and_by_keyboard(player: Callable[..., PlayerPage]) -> None:
    shown = player([CARTPOLE, "s.replay(0)"])
    root, page = shown.root, shown.page
    lead = root.locator("video").first
    frames = int(root.get_by_label("Step of the episode").get_attribute("max") or 0)
    assert frames > 12

    shown.key("Home")
    shown.at(0)
    assert shown.counter() == f"reset · {frames} steps"
    for press, step in [("ArrowRight", 1), ("Shift+ArrowRight", 11), ("ArrowLeft", 10), ("PageUp", 0), ("PageDown", 10),
                        ("Shift+ArrowLeft", 0), ("End", frames)]:  # fmt: skip
        shown.key(press)
        shown.at(step)
    shown.go(0)
    for button, step in [("One step on", 1), ("Ten steps on", 11), ("One step back", 10), ("Ten steps back", 0)]:
        root.get_by_role("button", name=button, exact=True).click()
        shown.at(step)

    canvas = root.locator(".rlnb-timeline canvas")
    box = canvas.bounding_box()
    assert box is not None
    gutter = 74
    canvas.click(position={"x": gutter + (box["width"] - gutter) / 2, "y": box["height"] / 2})
    middle = int(root.get_by_label("Step of the episode").input_value())
    assert abs(middle - frames / 2) <= 1
    shown.at(middle)

    root.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("video => !video.paused", arg=lead.element_handle())
    root.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("video => video.paused", arg=lead.element_handle())
    shown.key(" ")
    page.wait_for_function("video => !video.paused", arg=lead.element_handle())
    shown.key(" ")
    page.wait_for_function("video => video.paused", arg=lead.element_handle())

    speed = root.get_by_label("Speed")
    speed.select_option("0.25")
    assert lead.evaluate("video => video.playbackRate") == 0.25
    shown.key(">")
    assert lead.evaluate("video => video.playbackRate") == 0.5
    shown.key("<")
    assert speed.input_value() == "0.25"
    speed.select_option("8")

    loop = root.get_by_label("loop")
    assert loop.is_checked()
    shown.key("l")
    assert not loop.is_checked()
    shown.key("Home")
    shown.key(" ")
    shown.at(frames)  # without the loop it comes to rest on the last frame
    loop.click()
    assert loop.is_checked()

    inspector = root.locator(".rlnb-inspector")
    expect(inspector).to_be_visible()
    root.get_by_role("button", name="Inspect").click()
    expect(inspector).to_be_hidden()
    shown.key("i")
    expect(inspector).to_be_visible()
    expect(inspector.locator('tr[data-key="end"] td')).to_contain_text("terminated: pole angle")

    root.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.classList.contains('rlnb-player')")
    shown.key("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_side_by_side_stays_in_step(player: Callable[..., PlayerPage]) -> None:
    shown = player([CARTPOLE, "lengths = s.episodes['length']\nrlnb.replay((s, 0), (s, 2))"], films=2)
    videos = shown.root.locator("video")
    frames = [
        int(one.get_attribute("aria-label").rpartition(", ")[2].split()[0]) + 1  # type: ignore[union-attr]
        for one in videos.all()
    ]
    assert frames[0] != frames[1]
    for step in (0, 3, min(frames) - 1, max(frames) - 1):
        shown.go(step)
        for i, count in enumerate(frames):
            shown.at(min(step, count - 1), i)
    shown.root.get_by_label("Speed").select_option("0.25")
    shown.go(0)
    shown.key(" ")
    apart = shown.page.evaluate(
        """async ([root, most]) => { const [a, b] = root.querySelectorAll('video'); let apart = 0;
        while (Math.min(a.currentTime, b.currentTime) < most) {
            apart = Math.max(apart, Math.abs(a.currentTime - b.currentTime));
            await new Promise(done => requestAnimationFrame(done)); }
        return apart; }""",
        [shown.root.element_handle(), (min(frames) - 3) / 50],
    )
    assert apart * 50 <= 3.5  # frames: those that are more than two apart are brought back


def test_another_future_thumbnails_files_and_a_page_without_a_kernel(
    player: Callable[..., PlayerPage], browser: Browser, tmp_path: Path
) -> None:
    shown = player([CARTPOLE, "s.replay(0)"])
    root, page = shown.root, shown.page

    root.get_by_role("button", name="Over training").click()
    thumb = root.get_by_role("button", name="Play episode 2: return")
    thumb.click()
    expect(root.locator("figcaption")).to_contain_text("pole, episode 2:")
    root.get_by_label("Episode to play").select_option("first success")
    root.get_by_role("button", name="Choose").click()
    expect(root.locator(".rlnb-film-text")).to_contain_text("no episode was a success yet")
    root.get_by_label("Episode to play").select_option("number")
    root.get_by_label("Episode number").fill("1")
    page.keyboard.press("Enter")
    expect(root.locator("figcaption")).to_contain_text("pole, episode 1:")
    shown.ready()

    with page.expect_download() as waiting:
        root.get_by_label("File to save").select_option("html")
        root.get_by_role("button", name="Save").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "pole-episode-1.html"
    with page.expect_download() as waiting:
        root.get_by_label("File to save").select_option("gif")
        root.get_by_role("button", name="Save").click()
    assert Path(waiting.value.path()).read_bytes()[:4] == b"GIF8"

    shown.go(4)
    root.get_by_label("Action to take instead").select_option(label="push cart right")
    root.get_by_label("Who goes on").select_option("random")
    root.get_by_role("button", name="What if").click()
    shown.ready(films=2)
    expect(root.locator("figcaption").nth(1)).to_contain_text("what if at step 4: push cart right, then random actions")
    assert [badge.inner_text() for badge in root.locator(".rlnb-badge").all()] == ["exact", "what if"]
    shown.go(4)
    shown.at(4, 1)
    assert np.abs(shown.picture(0) - shown.picture(1)).mean() < 1  # the same up to the branch

    offline = browser.new_context(offline=True)
    alone = offline.new_page()
    asked: list[str] = []
    faults: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("pageerror", lambda error: faults.append(str(error)))
    alone.goto(path.as_uri())
    saved = PlayerPage(alone.locator(".rlnb-player-widget"))
    saved.ready()
    saved.key("Home")
    saved.at(0)
    saved.key("Shift+ArrowRight")
    saved.at(10)
    assert saved.value("step") == 10
    assert saved.value("pole angle") != 0
    assert saved.root.locator(".rlnb-timeline canvas").is_visible()
    assert saved.root.locator(".rlnb-wishes").count() == 0
    saved.root.get_by_role("button", name="Play", exact=True).click()
    alone.wait_for_function("() => { const video = document.querySelector('video'); return video.played.length > 0; }")
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    assert faults == []
    offline.close()


@pytest.mark.parametrize(
    ("env_id", "most"),
    [
        ("CartPole-v1", 200),
        pytest.param("FrozenLake-v1", 100, marks=pytest.mark.slow),
        pytest.param("LunarLander-v3", 300, marks=pytest.mark.slow),
        pytest.param("ALE/MsPacman-v5", 150, marks=pytest.mark.slow),
    ],
)
def test_the_frame_shown_is_the_one_rendered_directly_and_the_values_are_the_environments(
    player: Callable[..., PlayerPage], env_id: str, most: int
) -> None:
    known = truth(env_id, most, lambda *_: True)
    dice = np.random.default_rng(0)
    lengths = {seed: max(k for other, k in known if other == seed) for seed in SEEDS}
    pairs = sorted((int(seed), int(dice.integers(lengths[seed] + 1))) for seed in dice.choice(list(SEEDS), 20))
    shown = player([f"with rlnb.session('pairs') as s:\n    play({env_id!r}, range(3), {most})", "s.replay(0)"])
    names = {"CartPole-v1": ["cart position", "cart velocity", "pole angle", "pole angular velocity"],
             "FrozenLake-v1": ["state"],
             "LunarLander-v3": ["horizontal position", "height", "horizontal velocity", "vertical velocity", "angle"],
             "ALE/MsPacman-v5": []}[env_id]  # fmt: skip
    before = 0
    for episode, step in pairs:
        if episode != before:
            shown.root.get_by_label("Episode to play").select_option("number")
            shown.root.get_by_label("Episode number").fill(str(episode))
            shown.page.keyboard.press("Enter")
            expect(shown.root.locator("figcaption")).to_contain_text(f"episode {episode}:")
            shown.ready()
            before = episode
        shown.go(step)
        seen = shown.picture()

        def far(k: int, seen: Any = seen, episode: int = episode) -> float:
            high, wide = known[episode, k][2].shape[:2]
            return float(np.abs((seen[:high, :wide] - known[episode, k][2].astype(np.int16)) @ BRIGHTNESS).mean())

        here = far(step)
        near = [k for k in range(step - 3, step + 4) if (episode, k) in known]
        most_levels = (
            6 if env_id.startswith("ALE/") else 3
        )  # lines of one saturated pixel: colours reach into brightness
        assert here < most_levels, (
            f"episode {episode}, step {step}: {here:.2f} levels from the picture rendered directly"
        )
        assert here <= min(far(k) for k in near) + 0.02, f"episode {episode}, step {step} shows another frame"
        observation, reward, _ = known[episode, step]
        for name, number in zip(names, observation.reshape(-1), strict=False):
            assert shown.value(name) == float(number)
        assert shown.value("step") == step
        if step:
            assert shown.value("reward") == reward

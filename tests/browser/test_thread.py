"""The whole thread in a real front end: train, watch, click an episode, stop, compare, save, open without a kernel."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.lab import Front, Lab, NotebookPage, soon

pytestmark = [pytest.mark.browser, pytest.mark.stacks]
Open = Callable[..., NotebookPage]

SETUP = """
%load_ext rlnb
import rlnb
import json, time
import gymnasium as gym

def train(env, seconds, each=lambda episode: None):
    end, episode = time.time() + seconds, 0
    while time.time() < end:
        env.reset()
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
        episode += 1
        each(episode)
"""
ENDLESS = "env = gym.make('CartPole-v1')\ntrain(env, 60{each})\nprint('never here')"
NEXT = "print('the next cell ran', time.time())"
CLEARS = {
    "no clear_output": "",
    "clear_output(wait=True) each episode": ", lambda e: (display.clear_output(wait=True), print('episode', e))",
}


def steps(page: Page) -> int:
    """The number of steps that the live view shows."""
    text = page.locator(".rlnb-live").inner_text()
    found = re.search(r"([\d,]+)\s*steps", text)
    return int(found.group(1).replace(",", "")) if found else 0


def wait_more_steps(page: Page, than: int) -> None:
    page.wait_for_function(
        """(than) => {
            const found = document.querySelector('.rlnb-live')?.innerText.match(/([\\d,]+)\\s*steps/);
            return found && Number(found[1].replaceAll(',', '')) > than;
        }""",
        arg=than,
    )


@pytest.mark.parametrize("front", ["lab", "notebook"])
@pytest.mark.parametrize("clear", list(CLEARS))
def test_the_chart_moves_and_stop_stops(open_notebook: Open, page: Page, front: Front, clear: str) -> None:
    cell = ENDLESS.format(each=CLEARS[clear])
    notebook = open_notebook([SETUP + "from IPython import display", cell, NEXT], front)
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    page.locator(".rlnb-live canvas").first.wait_for()
    first = steps(page)
    wait_more_steps(page, first)
    canvas = page.locator(".rlnb-live canvas").first.element_handle()
    picture = canvas.evaluate("canvas => canvas.toDataURL()")
    wait_more_steps(page, steps(page) + 1000)
    page.wait_for_function("document.querySelectorAll('.rlnb-plot').length >= 2")
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, picture])
    clicked = page.wait_for_function(
        """() => {
            const buttons = [...document.querySelectorAll('.rlnb-live button')];
            const stop = buttons.find((button) => button.innerText.trim() === 'Stop');
            stop?.click();
            return stop && Date.now();
        }"""
    ).json_value()
    notebook.wait_text(2, "the next cell ran")
    ran = float(re.search(r"the next cell ran ([\d.]+)", notebook.text(2)).group(1))
    assert ran - clicked / 1000 < soon()
    assert not notebook.failed(1)
    assert "Traceback" not in notebook.text(1)
    assert "never here" not in notebook.text(1)
    expect(page.locator(".rlnb-live")).to_contain_text("stopped")
    assert page.locator(".rlnb-live").count() == 1


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_notebooks_own_button_means_stop(open_notebook: Open, page: Page, front: Front) -> None:
    notebook = open_notebook([SETUP, ENDLESS.format(each="")], front)
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    page.wait_for_selector(".rlnb-live .rlnb-plot")
    notebook.interrupt()
    notebook.wait_idle()
    assert not notebook.failed(1)
    expect(page.locator(".rlnb-live")).to_contain_text(re.compile("interrupted|stopped"))


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_a_clicked_episode_plays_and_its_frames_are_right(open_notebook: Open, page: Page, front: Front) -> None:
    train = "env = gym.make('CartPole-v1')\nenv.action_space.seed(1)\nenv.reset(seed=7)\ntrain(env, 1.5)"
    facts = (
        "s = rlnb.last()\nnumber = s.episode('best')\ntrace = rlnb.control.doors.the_room().store.trace(s.id, number)\n"
        "print('FACTS' + json.dumps([number, trace.actions.tolist(), s.steps(number)['observation'][0].tolist()]))"
    )
    notebook = open_notebook([SETUP, train, facts], front)
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    notebook.wait_idle()
    notebook.run(2)
    notebook.wait_text(2, "FACTS")
    number, actions, start = json.loads(notebook.text(2).partition("FACTS")[2])
    page.get_by_label("Episode to play").select_option("best")
    page.locator(".rlnb-live button", has_text="Play").click()
    player = page.locator(".rlnb-player")
    player.locator("video").wait_for()
    page.wait_for_function("document.querySelector('.rlnb-player video').readyState >= 3")
    expect(player).to_contain_text(f"episode {number}")
    expect(player.locator(".rlnb-badge")).to_have_text("exact")
    frames = rendered(start, actions)
    player.focus()
    for k in (0, 1, len(actions) // 2, len(actions)):
        shown = frame_shown(page, k)
        assert np.abs(shown - frames[k]).mean() < 3.0, f"frame {k} is not the one rendered directly"
        others = [np.abs(shown - frames[j]).mean() for j in (max(0, k - 3), min(len(actions), k + 3)) if j != k]
        assert np.abs(shown - frames[k]).mean() <= min(others), f"frame {k} looks more like another"


def rendered(start: list[float], actions: list[int]) -> list[np.ndarray]:
    """The pictures of an episode from its first observation, rendered here."""
    env = gym.make("CartPole-v1", render_mode="rgb_array")
    env.reset()
    env.unwrapped.state = np.array(start, np.float64)
    pictures = [env.render().astype(float)]
    for action in actions:
        env.step(action)
        pictures.append(env.render().astype(float))
    env.close()
    return pictures


def frame_shown(page: Page, k: int) -> np.ndarray:
    """Scrub to step `k`, wait until the video has it, and read its pixels."""
    data = page.evaluate(
        """async (k) => {
            const scrub = document.querySelector('.rlnb-player-scrub');
            scrub.value = String(k);
            scrub.dispatchEvent(new Event('input', { bubbles: true }));
            const video = document.querySelector('.rlnb-player video');
            while (video.seeking || video.dataset.frame !== String(k)) await new Promise((r) => setTimeout(r, 5));
            await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
            const canvas = document.createElement('canvas');
            canvas.width = video.videoWidth; canvas.height = video.videoHeight;
            canvas.getContext('2d').drawImage(video, 0, 0);
            return canvas.toDataURL('image/png');
        }""",
        k,
    )
    picture = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB")
    return np.asarray(picture).astype(float)


def test_the_player_by_keyboard_and_side_by_side(open_notebook: Open, page: Page) -> None:
    train = "env = gym.make('CartPole-v1')\nenv.action_space.seed(1)\nenv.reset(seed=7)\ntrain(env, 0.4)"
    notebook = open_notebook([SETUP, train, "s = rlnb.last()\nrlnb.replay((s, 0), (s, 'best'))"])
    for index in range(3):
        notebook.run(index)
        notebook.wait_idle()
    player = page.locator(".rlnb-player")
    page.wait_for_function(
        "[...document.querySelectorAll('.rlnb-player video')].filter((v) => v.readyState >= 2).length === 2"
    )
    counter, scrub = player.locator(".rlnb-player-counter"), player.locator(".rlnb-player-scrub")
    last = int(scrub.get_attribute("max") or 0)
    player.focus()
    page.keyboard.press("Home")
    expect(counter).to_contain_text("reset")
    page.keyboard.press("ArrowRight")
    expect(counter).to_have_text(f"step 1 of {last}")
    page.keyboard.press("Shift+ArrowRight")
    expect(counter).to_have_text(f"step 11 of {last}")
    page.keyboard.press("ArrowLeft")
    expect(counter).to_have_text(f"step 10 of {last}")
    page.keyboard.press("End")
    expect(counter).to_have_text(f"step {last} of {last}")
    page.wait_for_function(
        """(last) => {
            const frames = [...document.querySelectorAll('.rlnb-player video')].map((v) => Number(v.dataset.frame));
            return Math.max(...frames) === last && Math.min(...frames) < last;
        }""",
        arg=last,
    )
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("!document.querySelector('.rlnb-player-counter').textContent.startsWith('reset')")


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_saved_file_speaks_without_a_kernel(lab: Lab, open_notebook: Open, page: Page, front: Front) -> None:
    cells = [
        SETUP,
        "params = {'lr': 0.1}\nenv = gym.make('CartPole-v1')\ntrain(env, 1.0)",
        "params = {'lr': 0.2}\nenv = gym.make('CartPole-v1')\ntrain(env, 0.2)",
        "rlnb.compare(*rlnb.sessions()['id'])",
    ]
    notebook = open_notebook(cells, front)
    for index in range(4):
        notebook.run(index)
        notebook.wait_idle()
    expect(page.locator(".rlnb-comparison")).to_be_visible()
    saved = notebook.save()
    size = len(json.dumps(saved))
    assert size < 300_000, f"the saved notebook has {size:,} bytes"
    lab.end_kernels()
    again = NotebookPage(lab, page, "scenario.ipynb", front, kernel=False)
    picture = again.cell(1).locator(".rlnb-static img")
    picture.wait_for()
    assert picture.evaluate("img => img.complete && img.naturalWidth > 300")
    expect(again.cell(3).locator(".rlnb-static table")).to_be_visible()
    expect(again.cell(3).locator(".rlnb-static table")).to_contain_text("0.2")
    expect(page.get_by_text("model not found")).to_be_hidden()


def test_a_page_that_is_reloaded_in_mid_run_has_its_view_back(open_notebook: Open, page: Page) -> None:
    notebook = open_notebook([SETUP, ENDLESS.format(each="")])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    page.wait_for_selector(".rlnb-live .rlnb-plot")
    wait_more_steps(page, 1000)
    notebook.save()
    page.reload()
    page.wait_for_selector(".rlnb-live .rlnb-plot")
    before = steps(page)
    wait_more_steps(page, before)
    page.locator(".rlnb-live button", has_text="Stop").click()
    notebook.wait_idle()
    expect(page.locator(".rlnb-live")).to_contain_text("stopped")


def test_the_comparison_sorts_hides_and_replays(open_notebook: Open, page: Page) -> None:
    sessions = (
        "for lr in (0.1, 0.2):\n"
        "    with rlnb.session(f'run {lr}', params={'lr': lr}):\n"
        "        train(gym.make('CartPole-v1'), 0.3 + lr)"
    )
    notebook = open_notebook([SETUP, sessions, "rlnb.compare('run 0.1', 'run 0.2')"])
    for index in range(3):
        notebook.run(index)
        notebook.wait_idle()
    view = page.locator(".rlnb-comparison")
    names = view.locator("tbody td:nth-child(2)")
    expect(names).to_have_text(["run 0.1", "run 0.2"])
    view.get_by_role("button", name="lr", exact=True).click()
    expect(names).to_have_text(["run 0.2", "run 0.1"])
    expect(view.locator("th[aria-sort=descending]")).to_have_text("lr")
    canvas = view.locator("canvas").first.element_handle()
    picture = canvas.evaluate("canvas => canvas.toDataURL()")
    view.get_by_label("Show the curve of run 0.1").uncheck()
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, picture])
    view.get_by_label("Replay the best episode of run 0.2").click()
    expect(view.locator(".rlnb-player-caption")).to_contain_text("run 0.2")
    expect(view.locator(".rlnb-badge")).to_have_text("exact")

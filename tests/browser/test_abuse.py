"""The live view where it is left alone, looked at twice, or not looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, NotebookPage, soon
from tests.browser.rough import SETUP, bring, facts, number, press, wait_for, wait_for_points

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

# Some 20 episodes a second, so that none is thinned.
TWO_VIEWS = """
with rlnb.session("two views") as s:
    display.display(s.live())
    train(gym.make("CartPole-v1"), each=lambda episode: (tell(episodes=episode), time.sleep(0.05)))
"""


def test_two_views_and_a_reload_in_mid_run(open_notebook: Open, lab: Lab, page: Page, tmp_path: Path) -> None:
    notebook = open_notebook([SETUP, TWO_VIEWS])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    views = page.locator(".rlnb-live")
    expect(views).to_have_count(2)
    wait_for(views.nth(0), "episodes", 20)
    wait_for(views.nth(1), "episodes", 25)

    # One hand pauses, the other view says so; a zoom is each one's own.
    press(views.nth(0), "Pause")
    for view in views.all():
        bring(view)
        expect(view.locator(".rlnb-state")).to_have_text("paused")
    assert number(views.nth(0), "episodes") == number(views.nth(1), "episodes")
    views.nth(1).locator(".rlnb-plot").first.focus()
    page.keyboard.press("+")
    expect(views.nth(1).get_by_role("button", name="Show all")).to_be_visible()
    bring(views.nth(0))
    expect(views.nth(0).get_by_role("button", name="Show all")).to_be_hidden()
    press(views.nth(1), "Resume")
    expect(views.nth(1).locator(".rlnb-state")).to_have_text("running")

    notebook.save()
    at_reload = facts(lab)["episodes"]
    notebook.open(kernel=False)
    wait_for(views.nth(0), "episodes", at_reload, timeout=10_000 * soon())
    expect(views).to_have_count(2)
    press(views.nth(1), "Pause")
    for view in views.all():
        bring(view)
        expect(view.locator(".rlnb-state")).to_have_text("paused")
        assert number(view, "episodes") >= at_reload
        wait_for_points(view, number(view, "episodes"), tmp_path)
    press(views.nth(0), "Stop")
    notebook.wait_idle()
    assert not notebook.failed(1)
    for view in views.all():
        bring(view)
        expect(view.locator(".rlnb-state")).to_have_text("stopped")


CLOSED = """
comms, session = 0, get_ipython().kernel.session
plain = session.send
def send(stream, kind, *args, **more):
    global comms
    comms += kind == "comm_msg"
    return plain(stream, kind, *args, **more)
session.send = send
try:
    train(gym.make("CartPole-v1"), each=lambda episode: (tell(episodes=episode, comms=comms), time.sleep(0.01)))
finally:
    session.send = plain
"""


@pytest.mark.slow
def test_a_closed_tab_costs_the_server_nothing_and_catches_up(open_notebook: Open, lab: Lab, page: Page) -> None:
    notebook = open_notebook([SETUP, CLOSED])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    view = page.locator(".rlnb-live")
    wait_for(view, "episodes", 60)
    notebook.save()
    page.goto("about:blank")
    until, since = time.monotonic() + 60, facts(lab)
    while facts(lab)["episodes"] < since["episodes"] + 500:  # some ten seconds in which nothing was sent
        now = facts(lab)
        since = since if now["comms"] == since["comms"] else now
        assert time.monotonic() < until, "messages go on although nobody takes them"
        time.sleep(0.02)
    notebook.open(kernel=False)
    wait_for(view, "episodes", facts(lab)["episodes"])
    press(view, "Stop")
    notebook.wait_idle()
    expect(view.locator(".rlnb-state")).to_have_text("stopped")


# Counts what is drawn on canvases, and what arrives of the ticks.
COUNTING = """
window.draws = 0; window.ticks = 0;
for (const name of ['stroke', 'fill', 'fillRect', 'clearRect', 'fillText', 'drawImage', 'strokeRect', 'putImageData']) {
  const plain = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...args) { window.draws += 1; return plain.apply(this, args); };
}
const reading = new TextDecoder();
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener('message', async ({ data }) => {
      const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
      const text = typeof bytes === 'string' ? bytes : reading.decode(bytes);
      if (text.includes('"type": "tick"') || text.includes('"type":"tick"')) window.ticks += 1;
    });
  }
};
window.changes = (view) => {
  window.changed = 0;
  new MutationObserver((all) => { window.changed += all.length; })
    .observe(view, { childList: true, subtree: true, attributes: true, characterData: true });
};
"""
PACED = "train(gym.make('CartPole-v1'), each=lambda episode: time.sleep(0.02))"
TALL = "\n" * 80


def test_what_nobody_sees_is_not_drawn(open_notebook: Open, page: Page) -> None:
    page.add_init_script(COUNTING)
    notebook = open_notebook([SETUP, PACED, TALL])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1)
    view = page.locator(".rlnb-live")
    wait_for(view, "episodes", 10)
    page.wait_for_function("draws > 0")
    page.evaluate("changes(document.querySelector('.rlnb-live'))")

    def nothing_is_drawn() -> None:
        for _ in range(5):  # a busy page hears late that nobody sees the view
            before = page.evaluate("[draws, changed, ticks]")
            page.wait_for_function("before => ticks > before + 10", arg=before[2])
            after = page.evaluate("[draws, changed]")
            if after == before[:2]:
                return
        assert after == before[:2]

    def it_goes_on() -> None:
        draws = page.evaluate("draws")
        page.wait_for_function("before => draws > before + 100", arg=draws)
        wait_for(view, "episodes", number(view, "episodes") + 5)

    out = "document.querySelector('.rlnb-live').closest('.jp-Cell').nextElementSibling.scrollIntoView"
    page.evaluate(f"{out}({{ block: 'end' }})")
    page.wait_for_function("document.querySelector('.rlnb-live').getBoundingClientRect().bottom < 0")
    nothing_is_drawn()
    bring(view)
    it_goes_on()

    notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    notebook.command("notebook:hide-cell-outputs", wait=True)
    expect(view).to_be_hidden()
    nothing_is_drawn()
    notebook.command("notebook:show-cell-outputs", wait=True)
    it_goes_on()

    hide = "state => { Object.defineProperty(document, 'hidden', { value: state, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    nothing_is_drawn()
    page.evaluate(hide, False)
    it_goes_on()
    press(view, "Stop")
    notebook.wait_idle()

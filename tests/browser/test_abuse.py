"""The live view where it is used roughly: reloads, floods, hostile names, views that nobody looks at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, NotebookPage, soon

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

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


def points(page: Page, view: Locator, folder: Path) -> int:
    """How many episodes the return's chart has: all are drawn while they are few."""
    with page.expect_download() as saving:
        view.get_by_role("button", name="Save the charts as SVG").click()
    saving.value.save_as(folder / "chart.svg")
    svg = (folder / "chart.svg").read_text(encoding="utf-8")
    return svg.split("</clipPath>")[1].count("<circle")


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
        assert points(page, view, tmp_path) == number(view, "episodes") >= at_reload
    press(views.nth(0), "Stop")
    notebook.wait_idle()
    assert not notebook.failed(1)
    for view in views.all():
        bring(view)
        expect(view.locator(".rlnb-state")).to_have_text("stopped")


LESSON = """
import matplotlib.pyplot as plt
returns = []

def visualize(episode):
    display.clear_output(wait={wait})
    returns.append(episode % 7)
    plt.figure(figsize=(4, 2)); plt.title(f"episode {{episode}}"); plt.plot(returns); plt.show()
    print("episode", episode, "mean", sum(returns) / len(returns))

train(gym.make("CartPole-v1"), each=visualize)
"""


@pytest.mark.parametrize("wait", [True, False])
def test_a_loop_that_clears_plots_and_prints(open_notebook: Open, page: Page, wait: bool) -> None:
    notebook = open_notebook([SETUP, LESSON.format(wait=wait)])
    notebook.run(0)
    notebook.wait_idle()
    page.evaluate(
        """() => {
            window.most = 0;
            const look = () => { most = Math.max(most, document.querySelectorAll('.rlnb-live').length); };
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    notebook.run(1)
    view = page.locator(".rlnb-live")
    view.locator("canvas").first.wait_for()
    wait_for(view, "episodes", 25)
    view.get_by_role("button", name="Logarithmic y axis").click()
    wait_for(view, "episodes", number(view, "episodes") + 15)
    # What the hand set is still set: it is one view, not a new one after each clear.
    expect(view.get_by_role("button", name="Logarithmic y axis")).to_have_attribute("aria-pressed", "true")
    press(view, "Stop")
    notebook.wait_idle()
    assert not notebook.failed(1)
    expect(view.locator(".rlnb-state")).to_have_text("stopped")
    assert page.evaluate("most") == 1
    outputs = notebook.outputs(1)
    figures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert 1 <= len(figures) <= 12, len(figures)
    assert sum("rlnb-static" in "".join(one.get("data", {}).get("text/html", "")) for one in outputs) == 1
    assert re.search(r"episode \d+ mean", notebook.text(1))


FLOOD = """
printed, since = 0, time.time()
def flood(episode):
    global printed
    while printed < 2000 * (time.time() - since):
        print("line", printed)
        printed += 1
train(gym.make("CartPole-v1"), each=flood)
"""
LANES = """
lanes = gym.make_vec("CartPole-v1", num_envs=64, vectorization_mode="vector_entry_point")
lanes.reset(seed=0); lanes.action_space.seed(0)
end = time.time() + 1.2
while time.time() < end: lanes.step(lanes.action_space.sample())
"""
NAMES = """
def names(episode):
    time.sleep(0.02)
    rlnb.log({f"metric {100 * episode + k}": 1.0 for k in range(100)})
end = time.time() + 1.2
train(gym.make("CartPole-v1"), going=lambda: time.time() < end or rlnb.last().metrics.name.nunique() < 500, each=names)
for k in range(5000): rlnb.log({f"later {k}": 1.0})
"""
KERNEL = """
print("COUNTS", printed, [len(s.episodes.lane.unique()) for s in [rlnb.get(i) for i in rlnb.sessions()["id"]]])
"""


@pytest.mark.slow
def test_run_all_with_a_flood_of_prints_64_lanes_and_5000_names(open_notebook: Open, page: Page) -> None:
    notebook = open_notebook([SETUP, FLOOD, LANES, NAMES, KERNEL])
    notebook.run_all()
    views = page.locator(".rlnb-live")
    wait_for(views.first, "episodes", 20)
    # The view is above the printed lines, and its words get through them.
    press(views.first, "Pause")
    expect(views.first.locator(".rlnb-state")).to_have_text("paused")
    assert "line 1000" in notebook.text(1)
    press(views.first, "Resume")
    expect(views.first.locator(".rlnb-state")).to_have_text("running")
    press(views.first, "Stop")
    notebook.wait_text(4, "COUNTS")
    notebook.wait_idle()
    assert not any(notebook.failed(index) for index in range(5))
    shown = [notebook.cell(index).locator(".rlnb-live") for index in (1, 2, 3)]
    for view, state in zip(shown, ("stopped", "finished", "finished"), strict=True):
        bring(view)
        expect(view.locator(".rlnb-state")).to_have_text(state)
    lanes = shown[1].get_by_label("Lane", exact=True)
    assert lanes.locator("option").count() == 65
    lanes.select_option("63")
    expect(shown[1].locator("canvas").first).to_be_visible()
    expect(shown[2]).to_contain_text("More than 50 metrics are logged; further ones are in s.metrics.")
    assert shown[2].locator(".rlnb-panel").count() == 50
    assert "more than 500 names were logged" in notebook.text(3)
    assert "[1, 64, 1]" in notebook.text(4), notebook.text(4)
    assert notebook.text(1).count("line ") == int(notebook.text(4).split()[1])


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
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        before = page.evaluate("[draws, changed, ticks]")
        page.wait_for_function("before => ticks > before + 10", arg=before[2])
        assert page.evaluate("[draws, changed]") == before[:2]

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


HOSTILE = """
ugly = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script> \\'"&amp;${1}` \\N{ROBOT FACE}\\u202e'
ugly += "long" * 2500
params = {"lr": 0.1, ugly[:60]: ugly}
with rlnb.session(ugly, params=params, tags=(ugly,)) as s:
    end = time.time() + 0.8
    k = rlnb.knobs(**{"<b>lr</b>": (0.0, 0.5, 1.0)})
    train(gym.make("CartPole-v1"), lambda: time.time() < end, lambda episode: rlnb.log({ugly: 1.0 * episode}))
s.note(ugly)
with rlnb.session(ugly[::-1], params={"lr": 0.2}) as t:
    train(gym.make("CartPole-v1"), going=iter([True] * 3 + [False]).__next__)
"""
AGAIN = """
from ipywidgets.widgets import widget
rlnb.compare(s, t)
"""
COUNT = """
print(f"COUNT {len(widget._instances)} {len(get_ipython().kernel.comm_manager.comms)};")
"""


@pytest.mark.slow
def test_hostile_names_a_cell_run_again_and_a_restarted_kernel(open_notebook: Open, lab: Lab, page: Page) -> None:
    def harmless() -> None:
        assert page.evaluate("window.hurt") is None
        assert page.locator("img[src=x]").count() == 0
        roots = "[...document.querySelectorAll('.rlnb-root')]"
        assert page.evaluate(f"{roots}.filter((one) => one.scrollWidth > one.clientWidth + 1).length") == 0
        assert max(page.evaluate(f"{roots}.map((one) => one.offsetHeight)"), default=0) < 1400
        tables = "[...document.querySelectorAll('.rlnb-table, .rlnb-static')]"
        assert max(page.evaluate(f"{tables}.map((one) => one.scrollWidth)"), default=0) < 3000

    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    notebook = open_notebook([SETUP, HOSTILE, AGAIN, COUNT, "rlnb.replay((s, 'best'), (t, 0))"])
    for index in range(5):
        notebook.run(index)
        notebook.wait_idle()
        assert not notebook.failed(index), notebook.text(index)
    live, table, player = (page.locator(f".rlnb-{name}") for name in ("live", "comparison", "player"))
    bring(live)
    expect(live.locator(".rlnb-state")).to_have_text("finished")
    expect(live.locator(".rlnb-name")).to_contain_text("<img src=x onerror=")
    expect(live.locator(".rlnb-panel-title", has_text="<script>")).to_have_count(1)
    harmless()
    bring(table)
    expect(table.locator("tbody")).to_contain_text("<img src=x onerror=")
    harmless()
    bring(player)
    expect(player).to_contain_text("<img src=x onerror=")
    harmless()

    notebook.run(3)
    notebook.wait_idle()
    before = notebook.text(3)
    for _ in range(4):
        notebook.run(1, 2, 4, 3)
        notebook.wait_idle()
    assert notebook.text(3) == before
    for view in (live, table, player):
        expect(view).to_have_count(1)

    notebook.restart()
    notebook.save()
    notebook.open()
    for index, what in ((1, "img"), (2, "table"), (4, "img")):
        cell = notebook.cell(index)
        bring(cell)
        expect(cell.locator(f".rlnb-static {what}").first).to_be_visible()
    expect(page.get_by_text("model not found")).to_be_hidden()
    harmless()

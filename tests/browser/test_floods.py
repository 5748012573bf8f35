"""Cells that clear, plot, print without end, log thousands of names, and name things as nobody should."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, NotebookPage
from tests.browser.rough import SETUP, bring, number, press, wait_for

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # milliseconds
Open = Callable[..., NotebookPage]

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
    notebook.wait_text(1, r"episode \d+ mean")  # the last of what it showed, the figure before it, has arrived
    outputs = notebook.outputs(1)
    kinds = [list(one.get("data", {"text": ""})) for one in outputs]
    assert 1 <= sum("image/png" in kind for kind in kinds) <= 12, kinds
    assert sum("rlnb-static" in "".join(one.get("data", {}).get("text/html", "")) for one in outputs) == 1


FLOOD = """
printed, since = 0, time.time()
def flood(episode):
    global printed
    for printed in range(printed + 1, printed + 101):
        print("line", printed)
    time.sleep(max(0, printed / 2000 - (time.time() - since)))
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
print("COUNTS", printed, [len(s.episodes.lane.unique()) for s in [rlnb.get(i) for i in rlnb.sessions()["id"][:3]]])
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
    lanes = shown[1].get_by_role("combobox", name="Lane", exact=True)
    expect(lanes.locator("option")).to_have_count(65)
    lanes.select_option("63")
    expect(shown[1].locator("canvas").first).to_be_visible()
    expect(shown[2]).to_contain_text("More than 50 metrics are logged; further ones are in s.metrics.")
    assert shown[2].locator(".rlnb-panel").count() == 50
    assert "more than 500 names were logged" in notebook.text(3)
    assert "[1, 64, 1]" in notebook.text(4), notebook.text(4)
    assert notebook.text(1).count("line ") == int(notebook.text(4).split()[1])


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
        complaint = cell.get_by_text("model not found")  # JupyterLab's, where a notebook is trusted
        complaint.wait_for(state="attached")
        expect(complaint).to_be_hidden()
    harmless()

"""The kernel room under a real front end: a click while the cell runs, a clean stop, clears, the saved file."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.lab import Front, Lab, NotebookPage, soon

pytestmark = pytest.mark.browser
Open = Callable[..., NotebookPage]

SETUP = '''
import json, time, anywidget, traitlets
from IPython import display
from rlnb.kernel import Notebook, StopTraining
notebook = Notebook.current()

class Probe(anywidget.AnyWidget):
    """A button that says when it was clicked, by the machine's clock."""
    static_style = traitlets.Unicode("").tag(sync=True)
    _esm = """
    export default { render({ model, el }) {
      const style = document.createElement("style");
      style.textContent = model.get("static_style");
      const button = document.createElement("button");
      button.className = "probe";
      button.textContent = "Stop";
      button.onclick = () => { button.dataset.at = Date.now(); model.send({ at: Date.now() }); };
      el.append(style, button);
    } };
    """

widget = Probe()
clicks = []
widget.on_msg(lambda _, content, buffers: clicks.append((content["at"] / 1000, time.time())))
results = []
undo = notebook.on_cell(lambda cell: None, results.append)
'''


def train(clear: str = "", prepare: str = "") -> str:
    """A training loop as the notebook's user writes it, with what a step of ours does in it."""
    return f"""
clicks.clear()
shown = notebook.show(widget, {{"image/png": PICTURE, "text/plain": "the picture"}})
{prepare}
give_back = notebook.keep(shown)
notebook.treat_interrupt_as_stop(True)
end, episode = time.time() + 20, 0
while time.time() < end:
    for step in range(10):
        notebook.pump()
        if clicks:
            stopped_at = time.time()
            give_back()
            raise StopTraining
        time.sleep(0.02)
    episode += 1
    {clear}
    print("episode", episode)
raise RuntimeError("never stopped")
"""


def picture() -> str:
    out = BytesIO()
    Image.new("RGB", (200, 100), (200, 30, 30)).save(out, "PNG")
    return f"PICTURE = {out.getvalue()!r}"


CLEARS = {
    "never": "",
    "waiting": "display.clear_output(wait=True)",
    "at once": "display.clear_output()",
}


@pytest.mark.parametrize("front", ["lab", "notebook"])
@pytest.mark.parametrize("clear", CLEARS)
def test_stop_while_the_cell_runs(open_notebook: Open, front: Front, clear: str) -> None:
    notebook = open_notebook(
        [
            SETUP + picture(),
            train(CLEARS[clear]),
            "after = 42; after",
            "print(json.dumps([*clicks[0], stopped_at, results[1].stopped]))",
        ],
        front,
    )
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2, 3)
    notebook.wait_text(1, r"episode ([4-9]|\d\d)")
    button = notebook.cell(1).locator("button.probe")
    expect(button).to_have_count(1)
    expect(notebook.cell(1).locator(".rlnb-static img")).to_be_hidden()
    button.click()
    notebook.wait_idle()
    assert not notebook.failed(1)
    assert "episode" in notebook.text(1)
    assert "Traceback" not in notebook.text(1)
    assert notebook.text(2) == "42"
    clicked, handled, stopped, by_us = json.loads(notebook.text(3))
    print(f"{front}, clears {clear}: click to handler {handled - clicked:.3f} s, to stop {stopped - clicked:.3f} s")
    assert by_us
    assert stopped - clicked < soon()
    expect(button).to_have_count(1)
    assert ("episode 1\n" in notebook.text(1)) == (clear == "never")


@pytest.mark.stacks
def test_the_pump_alone_is_enough(open_notebook: Open) -> None:
    """As in VS Code and on ipykernel 6: no second thread lets the click in."""
    alone = "vars(widget.comm).pop('_reply_subshell_for', None)"
    notebook = open_notebook(
        [SETUP + picture(), train(prepare=alone), "print(json.dumps([*clicks[0], stopped_at]), notebook.pump_state)"]
    )
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    notebook.wait_text(1, r"episode ([2-9]|\d\d)")
    notebook.cell(1).locator("button.probe").click()
    notebook.wait_idle()
    line, _, state = notebook.text(2).partition("]")
    clicked, handled, stopped = json.loads(line + "]")
    print(f"the pump alone: click to handler {handled - clicked:.3f} s, to stop {stopped - clicked:.3f} s")
    assert state.strip() == "on"
    assert stopped - clicked < soon()


@pytest.mark.stacks
def test_a_long_update_lets_the_click_in(open_notebook: Open) -> None:
    """Where ipykernel has subshells, a handler hears the click although nothing pumps."""
    notebook = open_notebook(
        [
            SETUP + picture() + "\nhasattr(get_ipython().kernel, 'shell_channel_thread')",
            train().replace("notebook.pump()", "pass"),
            "print(json.dumps(clicks[0]))",
        ]
    )
    notebook.run(0)
    notebook.wait_idle()
    if notebook.text(0) != "True":
        pytest.skip("this ipykernel has no subshells")
    notebook.run(1, 2)
    notebook.wait_text(1, r"episode ([2-9]|\d\d)")
    notebook.cell(1).locator("button.probe").click()
    notebook.wait_idle()
    clicked, handled = json.loads(notebook.text(2))
    print(f"a subshell alone: click to handler {handled - clicked:.3f} s")
    assert handled - clicked < soon()


def test_the_notebooks_own_button_ends_it_as_cleanly(open_notebook: Open) -> None:
    notebook = open_notebook([SETUP + picture(), train(), "after = 42; after"])
    notebook.run(0)
    notebook.wait_idle()
    notebook.run(1, 2)
    notebook.wait_text(1, r"episode ([2-9]|\d\d)")
    notebook.interrupt()
    notebook.wait_idle()
    assert not notebook.failed(1)
    assert notebook.text(2) == "42"


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_saved_file_shows_the_picture_without_the_kernel(
    open_notebook: Open, lab: Lab, page: Page, front: Front
) -> None:
    cells = [SETUP + picture(), 'shown = notebook.show(widget, {"image/png": PICTURE, "text/html": "<b>table</b>"})']
    notebook = open_notebook(cells, front)
    notebook.run_all()
    static = notebook.cell(1).locator(".rlnb-static img")
    expect(notebook.cell(1).locator("button.probe")).to_be_visible()
    expect(static).to_have_count(1)
    expect(static).to_be_hidden()
    notebook.wait_idle()
    saved = notebook.save()
    lab.end_kernels()

    notebook.open()  # signed by this server: trusted, but the kernel is a new one
    expect(static).to_be_visible()
    expect(notebook.cell(1).get_by_text("table", exact=True)).to_be_visible()
    expect(notebook.visible_outputs(1)).to_have_count(1)  # no line that says "model not found"
    assert static.evaluate("image => image.naturalWidth") == 200

    saved["cells"][1]["source"] = "# from somebody else: not trusted"
    (lab.folder / "other.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    notebook.name = "other.ipynb"
    notebook.open()
    expect(static).to_be_visible()
    assert static.evaluate("image => image.naturalWidth") == 200
    expect(notebook.cell(1).get_by_text("display: none")).to_be_hidden()  # the style sheet has not become text

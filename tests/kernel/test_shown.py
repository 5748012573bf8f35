"""Two outputs are displayed, and a clear of the cell's output does not take them away."""

from __future__ import annotations

from typing import Any

import pytest

from rlnb.kernel.shown import VIEW, Shown, static_bundle
from tests.kernel.conftest import Kernel, Ran

SHOW = "shown = notebook.show(probe(), {'image/png': b'123', 'text/plain': 'a curve'})\n"


def outputs(ran: Ran) -> list[Any]:
    """What a front end would have in the cell at the end: "live", "static", or what was printed."""
    cell: list[Any] = []
    pending = False
    for message in ran.messages:
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            pending = content["wait"]
            if not pending:
                cell.clear()
        elif kind in ("display_data", "stream"):
            if pending:
                cell.clear()
                pending = False
            if kind == "stream":
                cell.append(content["text"].strip())
            else:
                cell.append("live" if VIEW in content["data"] else "static")
    return cell


def test_a_live_and_a_static_output(kernel: Kernel) -> None:
    ran = kernel.run(SHOW + "shown.update_static({'image/png': b'456', 'text/html': '<table></table>'})")
    live, static = (m["content"] for m in ran.messages if m["msg_type"] == "display_data")
    (update,) = (m["content"] for m in ran.messages if m["msg_type"] == "update_display_data")
    assert VIEW in live["data"]
    assert 'alt="a curve"' in static["data"]["text/html"]
    assert static["data"]["text/plain"] == "a curve"
    assert static["transient"]["display_id"] == update["transient"]["display_id"]
    assert "data:image/png;base64,NDU2" in update["data"]["text/html"]
    assert "<table>" in update["data"]["text/html"]


def test_user_text_is_text() -> None:
    page = static_bundle({"text/plain": '<b>"x"</b>', "image/png": b"1"}, "token")["text/html"]
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_where_nothing_can_be_displayed_nothing_breaks() -> None:
    shown = Shown.nothing()
    shown.publish()
    shown.update_static({"text/plain": "a"})
    shown.close()
    assert shown.is_null


@pytest.mark.parametrize("wait", [True, False])
def test_a_clear_does_not_take_the_view_away(kernel: Kernel, wait: bool) -> None:
    ran = kernel.run(
        "from IPython import display\n" + SHOW + "undo = notebook.keep(shown)\n"
        "print('one')\n"
        "time.sleep(0.11)\n"
        f"display.clear_output(wait={wait})\n"
        "print('two')"
    )
    assert ran.status == "ok", ran.reply
    assert outputs(ran) == ["live", "static", "two"]


def test_after_the_undoing_a_clear_clears(kernel: Kernel) -> None:
    ran = kernel.run(
        "from IPython.display import clear_output\n" + SHOW + "notebook.keep(shown)()\nclear_output()\nprint('alone')"
    )
    assert outputs(ran) == ["alone"]


def test_a_clear_in_another_cell_is_not_ours(kernel: Kernel) -> None:
    kernel.run(SHOW + "undo = notebook.keep(shown)")
    ran = kernel.run("from IPython.display import clear_output\nclear_output(wait=True)\nprint('other')")
    assert outputs(ran) == ["other"]


def test_fast_clears_are_merged(kernel: Kernel) -> None:
    ran = kernel.run(
        "from IPython.display import clear_output\n" + SHOW + "undo = notebook.keep(shown)\n"
        "end = time.perf_counter() + 1\n"
        "while time.perf_counter() < end:\n"
        "    clear_output(wait=True)\n"
        "    print('episode', flush=True)\n"
        "    time.sleep(0.005)"
    )
    views = sum(1 for m in ran.messages if m["msg_type"] == "display_data" and VIEW in m["content"]["data"])
    assert 5 <= views <= 12
    assert outputs(ran)[:2] == ["live", "static"]


def test_a_clear_inside_an_output_widget_clears_that(kernel: Kernel) -> None:
    ran = kernel.run(
        "import ipywidgets\n"
        "from IPython.display import clear_output\n" + SHOW + "undo = notebook.keep(shown)\n"
        "with ipywidgets.Output():\n"
        "    clear_output()"
    )
    assert sum(1 for m in ran.messages if m["msg_type"] == "display_data" and VIEW in m["content"]["data"]) == 1

"""A cell that is run again and again: what it showed before goes with its outputs."""

from __future__ import annotations

import json
import os
import queue

import pytest
from jupyter_client.manager import start_new_kernel

from tests.control.test_notebook import LOOP

COUNT = """
import collections, gc, json, threading
from ipywidgets.widgets import widget
def count():
    for _ in range(3): gc.collect()
    ours = (type(one) for one in gc.get_objects() if str(type(one).__module__).startswith("rlnb."))
    kinds = collections.Counter(kind.__name__ for kind in ours)
    comms = len(get_ipython().kernel.comm_manager.comms)
    threads = sorted(thread.name for thread in threading.enumerate())
    return {"widgets": len(widget._instances), "comms": comms, "threads": threads, "rlnb": kinds}
print("COUNTED" + json.dumps(count()))
"""
TRAIN = """
with rlnb.session("again") as s:
    train(gym.make("CartPole-v1"), 3)
    display(s.live())
display(rlnb.replay((s, "best")), rlnb.compare("again"))  # the last line's value would stay in IPython's Out
"""


class Page:
    """Runs cells as a page that names them does."""

    def __init__(self, client):
        self.client = client

    def run(self, code, cell):
        """What the cell printed; it must end well."""
        session = self.client.session
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        text, closed = "", 0
        while True:
            try:
                told = self.client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise AssertionError(f"the cell did not end:\n{code}") from None
            if told["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if told["msg_type"] == "stream":
                text += told["content"]["text"]
            closed += told["msg_type"] == "comm_close"
            assert told["msg_type"] != "error", "\n".join(told["content"]["traceback"])
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                return text, closed


@pytest.fixture
def page(tmp_path):
    environment = {**os.environ, "RLNB_HOME": str(tmp_path / "home"), "RLNB_STRICT": "1"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    try:
        made = Page(client)
        made.run("%load_ext rlnb\nimport rlnb\n" + LOOP, "a")
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def counted(page):
    return json.loads(page.run(COUNT, "count")[0].partition("COUNTED")[2])


def test_widgets_comms_threads_and_objects_stay_flat(page):
    for _ in range(3):
        page.run(TRAIN, "b")
    before = counted(page)
    for _ in range(20):
        _, closed = page.run(TRAIN, "b")
        assert closed >= 2  # the view and the comparison of the run before, with what they are made of
    after = counted(page)
    ours, theirs = after.pop("rlnb"), before.pop("rlnb")
    assert {kind: n for kind, n in ours.items() if n > theirs.get(kind, 0)} == {}
    assert after == before


def test_runs_of_one_cell_are_folded_but_for_the_newest(page):
    runs = "import time\nfor run in rlnb.seeds(3, name='run'):\n    end = time.time() + 0.8\n"
    page.run(runs + "    while time.time() < end: train(gym.make('CartPole-v1'), 1)", "b")
    folded = "[s.live().widget._header.get('folded', False) for s in map(rlnb.get, rlnb.sessions()['id'])]"
    assert page.run(f"print({folded})", "c")[0] == "[False, True, True]\n"


def test_what_stands_elsewhere_too_and_what_a_person_holds_stays(page):
    page.run(
        "with rlnb.session('one') as s: train(gym.make('CartPole-v1'), 3)\nview = s.live()\nwidget = view.widget", "b"
    )
    page.run("s.live()", "c")
    page.run("s.live()", "d")
    assert page.run("s.live()", "c")[1] == 0  # it stands under d, and in a variable
    assert page.run("print(widget.comm is not None, view.widget is widget)", "e")[0] == "True True\n"


def test_a_view_asked_for_after_its_cell_ran_again_has_everything(page):
    show = "with rlnb.session('one') as s:\n    train(gym.make('CartPole-v1'), 7)\n    display(s.live())"
    page.run(show + "\nfirst, view = s, s.live()", "b")
    page.run(show, "b")
    seen = "from rlnb.widgets.codec import decode\nmeta, columns = decode(view.widget.snapshot)\n"
    said, _ = page.run(seen + "print(len(columns['0.value']), meta['header']['episodes'], first is not s)", "c")
    assert said == "7 7 True\n"

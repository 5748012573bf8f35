"""The page's messages are handled while a cell holds the main thread; all else runs afterwards, in order."""

from __future__ import annotations

import time

import pytest

from tests.kernel.conftest import Kernel


def test_a_message_is_handled_while_the_cell_runs(kernel: Kernel) -> None:
    comm = kernel.value("widget = probe(); widget.comm.comm_id")
    cell = kernel.send("print('running', flush=True)\nloop(10, lambda: widget.heard)\nprint('heard', widget.heard)")
    kernel.await_text(cell, "running")
    clicked = time.perf_counter()
    kernel.click(comm, "stop")
    took = kernel.await_text(cell, "heard") - clicked
    (ran,) = kernel.finish(cell)
    print(f"click to handler and back: {took * 1000:.0f} ms")
    assert "stop" in ran.text
    assert took < 0.3


def test_what_waits_runs_afterwards_in_order(kernel: Kernel) -> None:
    comm = kernel.value("widget = probe(); order = []; widget.comm.comm_id")
    first = kernel.send("print('running', flush=True)\nloop(10, lambda: len(widget.heard) >= 2)\norder.append(0)")
    kernel.await_text(first, "running")
    second = kernel.send("order.append(1)")
    kernel.click(comm, "a")
    third = kernel.send("order.append(2)")
    kernel.click(comm, "b")
    fourth = kernel.send("order.append(3)")
    assert [ran.status for ran in kernel.finish(first, second, third, fourth)] == ["ok"] * 4
    assert kernel.value("order, [content for content, _ in widget.heard]") == ([0, 1, 2, 3], ["a", "b"])
    assert kernel.value("notebook.pump_state") == "on"


def test_other_widgets_wait_for_the_end_of_the_cell(kernel: Kernel) -> None:
    ours, other = kernel.value(
        "widget, stranger = probe(), Probe()\n"
        "told = []\n"
        "stranger.on_msg(lambda *_: told.append('message'))\n"
        "widget.comm.comm_id, stranger.comm.comm_id"
    )
    cell = kernel.send("print('running', flush=True)\nloop(10, lambda: widget.heard)\ntold.append('cell')")
    kernel.await_text(cell, "running")
    kernel.click(other, "to a stranger")
    kernel.click(ours, "to ours")
    kernel.finish(cell)
    assert kernel.value("told") == ["cell", "message"]


def test_a_handler_that_raises_does_not_reach_the_training(kernel: Kernel) -> None:
    comm = kernel.value("widget = probe(); widget.on_msg(lambda *_: 1 / 0); widget.comm.comm_id")
    cell = kernel.send("print('running', flush=True)\nloop(10, lambda: widget.heard)\nprint('went on')")
    kernel.await_text(cell, "running")
    kernel.click(comm, "boom")
    (ran,) = kernel.finish(cell)
    assert ran.status == "ok"
    assert "went on" in ran.text
    assert kernel.value("notebook.pump_state") == "on"


def test_a_reloaded_page_is_answered_while_the_cell_runs(kernel: Kernel) -> None:
    """Lab asks on `jupyter.widget.control` for the state of all widgets."""
    kernel.run("widget = probe()")
    cell = kernel.send("print('running', flush=True)\nloop(1.5)\nprint('done', flush=True)")
    kernel.await_text(cell, "running")
    session = kernel.client.session
    opened = {"comm_id": "c0ffee", "target_name": "jupyter.widget.control", "data": {}}
    kernel.client.shell_channel.send(session.msg("comm_open", opened, metadata={"version": "1.0.0"}))
    asked = {"comm_id": "c0ffee", "data": {"method": "request_states"}}
    kernel.client.shell_channel.send(session.msg("comm_msg", asked))
    (ran,) = kernel.finish(cell)
    assert [m for m in ran.messages if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == "c0ffee"]


def test_it_switches_itself_off_on_a_kernel_it_does_not_know(kernel: Kernel) -> None:
    source = (
        "from rlnb.kernel.pump import Pump\n"
        "strange = Pump(object(), lambda comm: True)\n"
        "(strange(), strange(), strange.state)"
    )
    first, second, state = kernel.value(source)
    assert (first, second) == (0, 0)
    assert state.startswith("off: ")
    assert "shell stream" in state


def test_only_the_main_thread_pumps(kernel: Kernel) -> None:
    source = (
        "import threading\n"
        "said = []\n"
        "thread = threading.Thread(target=lambda: said.append(notebook.pump()))\n"
        "thread.start(); thread.join(); said"
    )
    assert kernel.value(source) == [0]


@pytest.mark.parametrize("busy", [False, True])
def test_a_call_costs_little(kernel: Kernel, busy: bool) -> None:
    """At 20 calls a second a call of 0.5 ms would be 1 % of the training."""
    waiting = []
    cell = kernel.send(
        "print('running', flush=True)\n"
        f"time.sleep({0.3 if busy else 0})\n"
        "start = time.perf_counter()\n"
        "for _ in range(200): notebook.pump()\n"
        "print('us', round((time.perf_counter() - start) / 200 * 1e6))"
    )
    if busy:
        kernel.await_text(cell, "running")
        waiting = [kernel.send("pass") for _ in range(20)]
    ran = kernel.finish(cell, *waiting)
    cost = int(ran[0].text.split("us")[1])
    print(f"a pump that finds nothing of ours: {cost} µs")
    assert cost < 500
    assert all(one.status == "ok" for one in ran)

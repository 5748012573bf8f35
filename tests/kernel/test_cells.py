"""Cells are told of once, and end cleanly when the person pressed Stop."""

from __future__ import annotations

from typing import Any

from tests.kernel.conftest import Kernel

LISTEN = """
log = []
undo = notebook.on_cell(
    lambda cell: log.append(("begin", cell.source)),
    lambda result: log.append((result.ok, result.error, result.stopped, result.interrupted)),
)
"""
CLEAN = (True, None, False, False)


def listen(kernel: Kernel) -> None:
    ran = kernel.run(LISTEN)
    assert ran.status == "ok", ran.reply
    kernel.run("log.clear()")


def heard(kernel: Kernel) -> list[Any]:
    """What was told since the last time, without the two cells that the asking itself takes."""
    told = kernel.value("log[1:-1]")
    kernel.run("log.clear()")
    return list(told)


def test_the_cell_that_registers_is_told_of_at_once(kernel: Kernel) -> None:
    kernel.run(LISTEN)
    assert kernel.value("log[:2]") == [("begin", LISTEN), CLEAN]


def test_a_cell_is_told_of_once_although_a_magic_runs_its_body(kernel: Kernel) -> None:
    listen(kernel)
    kernel.run("get_ipython().register_magic_function(lambda line, cell: get_ipython().run_cell(cell), 'cell', 'body')")
    heard(kernel)
    ran = kernel.run("%%body\nvalue = 3")
    assert ran.status == "ok"
    assert heard(kernel) == [("begin", "%%body\nvalue = 3"), CLEAN]


def test_a_magic_whose_body_failed_has_failed(kernel: Kernel) -> None:
    listen(kernel)
    kernel.run("get_ipython().register_magic_function(lambda line, cell: get_ipython().run_cell(cell), 'cell', 'body')")
    heard(kernel)
    failed, waiting = kernel.finish(kernel.send("%%body\n1 / 0"), kernel.send("late = 1"))
    assert (failed.status, waiting.status) == ("error", "aborted")
    assert failed.kinds().count("error") == 1
    assert heard(kernel)[1] == (False, "ZeroDivisionError: division by zero", False, False)


def test_empty_cells_and_syntax_errors_leave_the_count_right(kernel: Kernel) -> None:
    listen(kernel)
    for source in ("", "   ", "def (:", "value = 1"):
        kernel.run(source)
    told = heard(kernel)
    assert [one[1] for one in told if one[0] == "begin"][-1] == "value = 1"
    assert told[-1] == CLEAN
    assert any(one[1] and "SyntaxError" in one[1] for one in told if one[0] is False)


def test_stop_ends_clean_and_cells_that_wait_are_run(kernel: Kernel) -> None:
    listen(kernel)
    ran = kernel.finish(
        kernel.send("before = 1\nraise StopTraining('enough')\nbefore = 2"), kernel.send("after = before")
    )
    assert [one.status for one in ran] == ["ok", "ok"]
    assert "error" not in ran[0].kinds()
    assert heard(kernel)[:2][1] == (True, None, True, False)
    assert kernel.value("after") == 1


def test_stop_inside_a_magic_and_inside_an_async_cell(kernel: Kernel) -> None:
    listen(kernel)
    for source in (
        "%%time\nraise StopTraining",
        "import asyncio\nawait asyncio.sleep(0)\nraise StopTraining",
        "get_ipython().run_cell('raise StopTraining')",
    ):
        ran = kernel.run(source)
        assert (ran.status, "error" in ran.kinds()) == ("ok", False), source
        assert heard(kernel)[1] == (True, None, True, False), source


def test_a_real_error_still_aborts(kernel: Kernel) -> None:
    listen(kernel)
    for pause in (
        0.1,
        1,
        5,
    ):  # only what has reached the kernel by then is aborted: on a busy machine that takes a while
        code = f"import time; time.sleep({pause}); raise ValueError('no')"
        failed, waiting = kernel.finish(kernel.send(code), kernel.send("never = 1"))
        if waiting.status == "aborted":
            break
        kernel.run("log.clear()")
    assert (failed.status, waiting.status) == ("error", "aborted")
    assert failed.kinds().count("error") == 1
    assert heard(kernel)[1] == (False, "ValueError: no", False, False)


def test_the_notebooks_own_button_is_red_unless_it_means_stop(kernel: Kernel) -> None:
    listen(kernel)
    cell = kernel.send("print('running', flush=True)\nloop(20)")
    kernel.await_text(cell, "running")
    kernel.interrupt()
    assert kernel.finish(cell)[0].status == "error"
    told = heard(kernel)[1]
    assert (told[0], told[2], told[3]) == (False, False, True)

    cell = kernel.send("notebook.treat_interrupt_as_stop(True)\nprint('running', flush=True)\nloop(20)")
    kernel.await_text(cell, "running")
    waiting = kernel.send("went_on = True")
    kernel.interrupt()
    ran = kernel.finish(cell, waiting)
    assert [one.status for one in ran] == ["ok", "ok"]
    assert "error" not in ran[0].kinds()
    assert heard(kernel)[1] == (True, None, False, True)
    assert kernel.run("raise KeyboardInterrupt").status == "error", "the wish holds for one cell"


def test_the_persons_own_handler_goes_on_working(kernel: Kernel) -> None:
    kernel.run("caught = []; get_ipython().set_custom_exc((OSError,), lambda *a, **k: caught.append(str(a[2])))")
    try:
        listen(kernel)
        assert kernel.run("raise StopTraining").status == "ok"
        kernel.run("raise OSError('theirs')")
        assert kernel.value("caught") == ["theirs"]
    finally:
        kernel.run("get_ipython().set_custom_exc((), None)")


def test_restore_gives_back_the_very_objects(kernel: Kernel) -> None:
    state = (
        "shell = get_ipython()\n"
        "def look():\n"
        "    names = ('custom_exceptions', 'CustomTB', 'showtraceback')\n"
        "    return ([shell.__dict__.get(name) for name in names],\n"
        "            shell.display_pub.__dict__.get('clear_output'), shell.display_pub.clear_output,\n"
        "            {name: list(calls) for name, calls in shell.events.callbacks.items()},\n"
        "            widget.comm.__dict__.get('_reply_subshell_for'))\n"
    )
    kernel.run("widget = Probe()\n" + state + "before = look()")
    kernel.run(
        "undo = notebook.on_cell(lambda cell: None, lambda result: None)\n"
        "notebook.keep(notebook.show(widget, {'text/plain': 'a'}))\n"
        "notebook.treat_interrupt_as_stop(True)\n"
        "during = look()"
    )
    kernel.run("notebook.restore()\nafter = look()")
    assert kernel.value("before == during, before == after") == (False, True)
    same = "[a is b for a, b in zip(before[0], after[0])], before[1] is after[1], before[4] is after[4]"
    assert kernel.value(same) == ([True] * 3, True, True)

"""One server and one browser for all scenarios, one page and no kernels for each; a failure leaves a picture."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import Front, Lab, NotebookPage
from tests.browser.stacks import PATIENCE, STACKS, NoStack, python_of

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `stacks` runs here, and in `make test-all` on the other kernels as well."""
    if metafunc.definition.get_closest_marker("stacks") and metafunc.config.option.markexpr != "not slow":
        marks = (pytest.mark.slow, pytest.mark.timeout(PATIENCE + 300))  # the first test on a stack installs it
        others = [pytest.param(name, id=name, marks=marks) for name in STACKS]
        metafunc.parametrize("stack", [pytest.param("", id="here"), *others], indirect=True, scope="session")


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> str:
    """The interpreter that the Lab runs with: the tests' own, or that of another stack (see stacks.py).

    RLNB_LAB_PYTHON=/path/to/a/python names one by hand.
    """
    name = getattr(request, "param", "")
    try:
        return str(python_of(name)) if name else os.environ.get("RLNB_LAB_PYTHON", sys.executable)
    except NoStack as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory, stack: str) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), stack) as lab:
        yield lab


@pytest.fixture
def lab(lab_server: Lab) -> Iterator[Lab]:
    """The server, without kernels of earlier scenarios."""
    yield lab_server
    lab_server.end_kernels()
    lab_server.forget_theme()
    shutil.rmtree(lab_server.home / "rlnb", ignore_errors=True)  # the sessions, which the next scenario would list


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page of its own; what it says on its console is shown when the test fails, with a picture of it."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
    yield page
    if request.node.stash.get(_failed, False):
        folder = Path(os.environ.get("RLNB_SCREENSHOTS", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / (re.sub(r"\W+", "-", request.node.name) + ".png")
        page.screenshot(path=str(picture), full_page=True)
        print(f"the page when it failed: {picture}")
        print("its console:", *said[-20:], sep="\n  ")
    context.close()


@pytest.fixture
def open_notebook(lab: Lab, page: Page) -> Callable[..., NotebookPage]:
    """`open_notebook(["cell", ...], front="lab" | "notebook")`: a new notebook, opened, its kernel up."""

    def opened(cells: list[str], front: Front = "lab", name: str = "scenario.ipynb") -> NotebookPage:
        lab.write(name, cells)
        return NotebookPage(lab, page, name, front)

    return opened

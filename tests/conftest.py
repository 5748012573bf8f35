"""For every test: faults of rlnb's own raise, and nothing is written outside the test's folder."""

import os
import signal
import sys

import pytest
from hypothesis import settings

os.environ["RLNB_STRICT"] = "1"
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
if "PYTEST_XDIST_WORKER" in os.environ:  # two processes on two cores: threads of torch that wait for each other spin
    os.environ.setdefault("OMP_NUM_THREADS", "1")


settings.register_profile("steady", derandomize=True, deadline=None)


def pytest_configure(config):
    """Property tests draw the same examples each time; `make test-all` (no marker left out) looks for new ones.

    Ctrl-C interrupts.
    """
    if config.option.markexpr:
        settings.load_profile("steady")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # the shell's doing, where the tests run in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Two processes share the tests file by file; all that drive JupyterLab stay in one.

    (Two Labs and two Chromiums at once on two cores run into their time limits. xdist's own groups need a way to name
    tests that pytest 9.2 has no more.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::", 1)[0]

    return Files(config, log)


def pytest_collection_modifyitems(items):
    """The browser's tests first: they are the longest part that one process does alone."""
    items.sort(key=lambda item: item.path.parent.name != "browser")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Stores that nobody named lie in the test's folder."""
    monkeypatch.setenv("RLNB_HOME", str(tmp_path / "rlnb-home"))
    yield
    doors = sys.modules.get("rlnb.control.doors")
    if doors is not None:
        doors.uninstall()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests that look at a page."""
    from tests.browser.lab import chromium

    with chromium() as opened:
        yield opened

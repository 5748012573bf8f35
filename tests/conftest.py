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


def pytest_collection_modifyitems(items):
    """Two processes share the tests (`--dist loadgroup`) file by file; all that drive JupyterLab stay in one."""
    for item in items:
        group = "browser" if item.path.parent.name == "browser" else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


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

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from desk import FakeDesk

from rlnb.capture import Capture
from rlnb.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def desk():
    return FakeDesk()


@pytest.fixture
def capture(desk, clock):
    """Installed, with no clockwork beside it: a test raises the flag itself."""
    capture = Capture(desk, clock, ticking=False)
    capture.install()
    yield capture
    capture.uninstall()

"""A control room of the test's own, in a script's manner (no notebook)."""

import pytest

import rlnb
from rlnb.control import doors


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """rlnb installed, its store in the test's folder; given back at the end."""
    monkeypatch.chdir(tmp_path)
    rlnb.install()
    try:
        yield doors.the_room()
    finally:
        rlnb.uninstall()

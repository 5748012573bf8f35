"""A control room of the test's own, in a script's manner (no notebook); and one in a real kernel."""

import os

import pytest
from jupyter_client.manager import start_new_kernel

import rlnb
from rlnb.control import doors
from tests.control.kernels import LOOP, Kernel


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """rlnb installed, its store in the test's folder; given back at the end."""
    monkeypatch.chdir(tmp_path)
    rlnb.install()
    try:
        yield doors.the_room()
    finally:
        rlnb.uninstall()


@pytest.fixture
def kernel(tmp_path):
    environment = {**os.environ, "RLNB_HOME": str(tmp_path / "home"), "RLNB_STRICT": "1"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    try:
        made = Kernel(client)
        made.run("%load_ext rlnb\nimport rlnb")
        made.run(LOOP)
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

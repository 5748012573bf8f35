"""A bundle of paper, so that the widgets' Python side is tested without node."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlnb.widgets import asset


@pytest.fixture(autouse=True)
def paper_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets `asset.bundle()` read a small file."""
    path = tmp_path / "rlnb.js"
    path.write_text("export const widgets = {};")
    monkeypatch.setattr(asset, "BUNDLE", path)
    monkeypatch.setattr(asset, "_asset", None)
    return path

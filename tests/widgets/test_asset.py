"""One asset a kernel, a small loader in every widget."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rlnb.errors import RlnbError
from rlnb.widgets import asset
from rlnb.widgets.live_view import LiveView


def test_widgets_share_one_asset() -> None:
    first, second = LiveView(), LiveView()
    assert first._asset == second._asset == asset.asset().model_id
    assert first._kind == "live_view"


def test_the_asset_carries_the_bundle_gzipped(paper_bundle: Path) -> None:
    assert gzip.decompress(asset.asset().code) == paper_bundle.read_bytes()


def test_a_closed_asset_is_replaced() -> None:
    old = asset.asset()
    old.close()
    assert asset.asset() is not old


def test_a_widget_saves_little_beside_the_bundle() -> None:
    assert len(asset.LOADER) < 2000
    assert "http" not in asset.LOADER


def test_a_missing_bundle_says_how_to_build_it(paper_bundle: Path) -> None:
    paper_bundle.unlink()
    with pytest.raises(RlnbError, match=r"python hatch_build\.py"):
        asset.asset()

"""The built bundle: small, offline, made of the present sources; and the hook that makes it."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
BUDGET = 230_000  # bytes, gzipped


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build()
    return module


def test_the_bundle_is_within_its_budget(hook: ModuleType) -> None:
    assert len(gzip.compress(hook.BUNDLE.read_bytes(), 9)) < BUDGET


def test_the_bundle_names_no_remote_place(hook: ModuleType) -> None:
    text = hook.BUNDLE.read_text("utf-8")
    remote = set(re.findall(r"""(?:https?:)?//[\w-]+\.[\w.-]+[^\s"'`]*""", text))
    assert {url for url in remote if not url.startswith("http://www.w3.org/")} == set()


def test_a_changed_source_makes_the_bundle_out_of_date(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hook.is_fresh()
    source = tmp_path / "js"
    (source / "src").mkdir(parents=True)
    for name in ("build.mjs", "package.json", "package-lock.json"):
        (source / name).write_bytes((hook.JS / name).read_bytes())
    monkeypatch.setattr(hook, "JS", source)
    assert not hook.is_fresh()


def test_a_bundle_without_sources_is_good_as_it_is(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "JS", tmp_path / "nowhere")
    assert hook.is_fresh()
    assert hook.build() is False


def test_a_build_without_node_asks_pip_for_one(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "BUNDLE", tmp_path / "missing.js")
    monkeypatch.setattr(hook, "system_node", lambda: None)
    assert hook.BundleHook.dependencies(object()) == [hook.NODE_PACKAGE]
    monkeypatch.setattr(hook, "system_node", lambda: "/usr/bin/node")
    assert hook.BundleHook.dependencies(object()) == []


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "://" in str(package.get("resolved", ""))]

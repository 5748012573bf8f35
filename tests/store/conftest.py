from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rlnb.store import Store


class Said(list[str]):
    """What was said in words."""

    def __call__(self, message: str) -> None:
        self.append(message)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def store(tmp_path: Path, said: Said) -> Iterator[Store]:
    store = Store(tmp_path / ".rlnb" / "sessions.sqlite", warn=said)
    yield store
    store.close()

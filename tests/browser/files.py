"""Small things that a server of Jupyter's is given: notebooks, settings, a port."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path
from typing import Any


def notebook_of(cells: list[str]) -> dict[str, Any]:
    """The document of a notebook with these code cells."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, source in enumerate(cells)
        ],
    }


def write_settings(folder: Path, plugin: str, values: dict[str, Any]) -> None:
    path = folder / f"{plugin}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def free_port() -> int:
    """A port that nobody has: below those that the system hands out by itself, to the kernels of other tests as well,
    which could have it by the time that a server takes it."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port

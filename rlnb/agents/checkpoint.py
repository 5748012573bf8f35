"""Saving an agent in a file that is safe to open.

The file is `torch.save` of tensors, numbers and words, and is read with `weights_only=True`: opening it runs no code,
whoever sent it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FORMAT = "rlnb-agent/2"


def write(path: str | os.PathLike[str], document: dict[str, Any]) -> Path:
    """Write `document` to `path`, whole or not at all: first beside it, then moved into place."""
    import torch

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Give the name of a file, as {str(target / 'agent.pt')!r}.")
    beside = target.with_name(target.name + ".part")
    try:
        torch.save({"format": FORMAT, **document}, beside)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return target


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `write` wrote; a ValueError in words where the file is something else."""
    import torch

    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}. agent.save({Path(path).name!r}) writes one.")
    try:
        document: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ValueError(
            f"{str(path)!r} is no agent saved by rlnb: it does not open as tensors, numbers and words."
        ) from problem
    found = document.get("format") if isinstance(document, dict) else None
    if not (isinstance(found, str) and found.startswith("rlnb-agent/")):
        raise ValueError(f"{str(path)!r} is no agent saved by rlnb.")
    if found != FORMAT:
        raise ValueError(
            f"{str(path)!r} is in the format {found}, this rlnb reads {FORMAT}. Open it with the version of rlnb that "
            "saved it; if that is the newer one, update with:  %pip install -U rlnb"
        )
    return document


def check_same(what: str, saved: Any, here: Any) -> None:
    """Raise a ValueError when a checkpoint's space is not that of the environment it is to go on with."""
    if saved != here:
        raise ValueError(f"The saved agent's {what} is {saved}, the environment's is {here}: it cannot go on there.")

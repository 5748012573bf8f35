"""An id that Gymnasium does not make any more: its own error, with the id that works added to its words."""

from __future__ import annotations

import difflib
import importlib.util
import re
from pathlib import Path
from typing import Any

from gymnasium.envs import registration

ATARI = re.compile(r"(NoFrameskip|Deterministic|-ramNoFrameskip|-ramDeterministic|-ram)$")
ASKED = 'Write:  gymnasium.make("{}")'
CARTRIDGE = 'The Atari games come with ale-py. Write:  import ale_py; gymnasium.make("{}")'
NO_CARTRIDGE = 'The Atari games come with ale-py:  %pip install ale-py, then  import ale_py; gymnasium.make("{}")'


def advise(error: Exception, asked: Any) -> None:
    """Add the line to write to the message of `error`, which `make(asked)` raised. Its type and cause stay."""
    if not isinstance(asked, str) or not error.args or not isinstance(error.args[0], str):
        return
    line = advice(asked)
    if line is not None and line not in error.args[0] and f'("{asked}")' not in line:
        error.args = (f"{error.args[0]} {line}", *error.args[1:])
        if isinstance(error, ImportError):  # it shows this instead
            error.msg = error.args[0]


def advice(asked: str) -> str | None:
    """What to write instead of an id that cannot be made; None where nothing is known."""
    _, _, bare = asked.rpartition(":")
    try:
        namespace, name, _ = registration.parse_env_id(bare)
    except Exception:
        return None
    working = [spec for spec in registration.registry.values() if _works(spec)]
    same = [spec for spec in working if spec.name == name and spec.namespace == namespace]
    if same:
        return ASKED.format(max(same, key=lambda spec: spec.version or 0).id)
    atari = _atari(namespace, name)
    if atari is not None:
        return atari
    close = difflib.get_close_matches(name.lower(), {spec.name.lower() for spec in working}, 1, 0.8)
    alike = [spec for spec in working if close and spec.name.lower() == close[0]]
    return ASKED.format(max(alike, key=lambda spec: spec.version or 0).id) if alike else None


def _works(spec: Any) -> bool:
    """Whether the registry's entry can be made: retired MuJoCo versions have one that only raises."""
    return not (str(spec.entry_point).startswith("gymnasium.envs.mujoco") and (spec.version or 0) < 4)


def _atari(namespace: str | None, name: str) -> str | None:
    game = ATARI.sub("", name)
    package = importlib.util.find_spec("ale_py")
    if package is None or package.origin is None:
        return NO_CARTRIDGE.format(f"ALE/{game}-v5") if namespace == "ALE" or game != name else None
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", game).lower() + ".bin"
    if (Path(package.origin).parent / "roms" / file).is_file():
        return CARTRIDGE.format(f"ALE/{game}-v5")
    return None

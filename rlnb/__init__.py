"""rlnb makes a reinforcement-learning notebook see.

`%load_ext rlnb` in a notebook (or `rlnb.install()` in a script) records every Gymnasium environment from there on:
a live chart under the running cell, exact replays of any episode although no frame was stored, and comparison.
Nothing heavy is loaded by `import rlnb`: the names below are fetched at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlnb.hook import log

__version__ = "0.1.0"

_HOME = {
    "install": "rlnb.control.doors",
    "uninstall": "rlnb.control.doors",
    "watch": "rlnb.control.doors",
    "session": "rlnb.control.doors",
    "use": "rlnb.control.doors",
    "evaluate": "rlnb.control.seeds.evaluating",
    "seeds": "rlnb.control.seeds.seeding",
    "repeat": "rlnb.control.seeds.repeating",
    "knobs": "rlnb.control.recording.knobs",
    "sessions": "rlnb.control.shelf",
    "get": "rlnb.control.shelf",
    "last": "rlnb.control.shelf",
    "delete": "rlnb.control.shelf",
    "load_json": "rlnb.control.shelf",
    "replay": "rlnb.control.films.replaying",
    "explain": "rlnb.control.films.explaining",
    "compare": "rlnb.control.compare.comparing",
    "chart": "rlnb.control.compare.charting",
    "save_chart": "rlnb.control.compare.charting",
    "Session": "rlnb.control.session",
}

if TYPE_CHECKING:
    from rlnb.control.compare.charting import chart as chart
    from rlnb.control.compare.charting import save_chart as save_chart
    from rlnb.control.compare.comparing import compare as compare
    from rlnb.control.doors import install as install
    from rlnb.control.doors import session as session
    from rlnb.control.doors import uninstall as uninstall
    from rlnb.control.doors import use as use
    from rlnb.control.doors import watch as watch
    from rlnb.control.films.explaining import explain as explain
    from rlnb.control.films.replaying import replay as replay
    from rlnb.control.recording.knobs import knobs as knobs
    from rlnb.control.seeds.evaluating import evaluate as evaluate
    from rlnb.control.seeds.repeating import repeat as repeat
    from rlnb.control.seeds.seeding import seeds as seeds
    from rlnb.control.session import Session as Session
    from rlnb.control.shelf import delete as delete
    from rlnb.control.shelf import get as get
    from rlnb.control.shelf import last as last
    from rlnb.control.shelf import load_json as load_json
    from rlnb.control.shelf import sessions as sessions

__all__ = ["__version__", "log", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rlnb' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext rlnb`."""
    from rlnb.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext rlnb`: gives back the very objects it replaced."""
    from rlnb.extension import unload

    unload(shell)

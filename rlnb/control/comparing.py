"""Sessions side by side: overlaid curves and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.control.settings import grouped, verdict
from rlnb.control.smoothing import trailing_mean
from rlnb.errors import BadValue

if TYPE_CHECKING:
    import pandas as pd

    from rlnb.control.room import Room
    from rlnb.widgets.comparison import Comparison as ComparisonWidget

FIXED = [
    {"key": "env_id", "label": "environment", "kind": "text"},
    {"key": "steps", "label": "steps", "kind": "number"},
    {"key": "episodes", "label": "episodes", "kind": "number"},
    {"key": "mean_return", "label": "mean return (last 100)", "kind": "number"},
    {"key": "best", "label": "best return", "kind": "number"},
    {"key": "steps_per_s", "label": "steps/s", "kind": "number"},
    {"key": "status", "label": "status", "kind": "text"},
]
WINDOW = 20  # episodes of the trailing mean that is drawn
TITLE = f"Return, mean of {WINDOW} episodes"


def differing(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """The parameters whose values are not the same in all sessions, in the order they were given."""
    names = list(dict.fromkeys(name for one in params for name in one))
    return [name for name in names if any(one.get(name) != params[0].get(name) for one in params[1:])]


def is_number_or_none(value: Any) -> bool:
    """Whether a cell stands in a column of numbers (True and False do not)."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


class Comparison:
    """Overlaid curves and a sortable table of sessions; shows itself."""

    def __init__(self, room: Room, sessions: Sequence[Session], by: str | None = None) -> None:
        self._room = room
        self.sessions = list(sessions)
        room.settle()
        about = [room.store.describe(session.id) for session in self.sessions]
        self.settings = {name: [one["id"] for one in runs] for name, runs in grouped(about, by).items()}
        self.verdict = verdict(grouped(about, by))
        names = differing([one["params"] for one in about])
        self._columns: list[dict[str, str]] = [
            {"key": "name", "label": "name", "kind": "text"},
            *({"key": f"param:{name}", "label": name, "kind": self._kind(about, name)} for name in names),
            *FIXED,
        ]
        self._rows = [self._row(one, names) for one in about]
        self.curves = [self._curve(session) for session in self.sessions]

    @staticmethod
    def _kind(about: Sequence[Mapping[str, Any]], name: str) -> str:
        values = [one["params"].get(name) for one in about]
        return "number" if all(map(is_number_or_none, values)) else "text"

    @staticmethod
    def _row(about: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        row = {"id": about["id"], "name": about["name"]}
        for name in names:
            value = about["params"].get(name)
            row[f"param:{name}"] = value if value is None or isinstance(value, int | float | str) else repr(value)
        for column in FIXED:
            value = about.get(column["key"])
            if column["key"] == "steps_per_s" and value is not None and np.isfinite(value):
                value = round(value)
            row[column["key"]] = None if isinstance(value, float) and not np.isfinite(value) else value
        return row

    @staticmethod
    def _curve(session: Session) -> dict[str, Any]:
        episodes = session.episodes
        if len(episodes):
            group = episodes.groupby("group")["length"].sum().idxmax()
            episodes = episodes[(episodes["group"] == group) & episodes["finished"]]
        returns = episodes["return"].to_numpy(np.float64)
        ended = episodes["ended"].to_numpy(np.float64)
        return {
            "session": session.id,
            "name": session.name,
            "step": episodes["step"].to_numpy(np.float64),
            "episode": episodes.index.to_numpy(np.float64),
            "time": ended - (episodes["started"].min() if len(ended) else 0.0),
            "value": trailing_mean(returns, WINDOW),
        }

    @property
    def table(self) -> pd.DataFrame:
        """The table, as a DataFrame."""
        import pandas as pd

        frame = pd.DataFrame(self._rows).drop(columns="id")
        return frame.rename(columns={column["key"]: column["label"] for column in self._columns})

    def widget(self) -> ComparisonWidget:
        """Chart and table, as a widget."""
        from rlnb.widgets.comparison import Comparison as Widget

        widget = Widget(self._rows, self._columns, self.curves, title=TITLE, verdict=self.verdict)
        widget.on_command(lambda name, payload: self._command(widget, name, payload))
        return widget

    def _command(self, widget: ComparisonWidget, name: str, payload: Mapping[str, Any]) -> None:
        if name == "replay":
            session = Session(self._room, str(payload["session"]))
            which = payload.get("episode", "best")
            self._room.films.play(session, lambda: session.episode(which), widget)
        else:
            self._room.films.command(widget, name, payload)

    def _static(self) -> dict[str, Any]:
        from rlnb.widgets.palette import colours
        from rlnb.widgets.picture import curves_png
        from rlnb.widgets.table import table_html

        palette = colours(len(self.curves))
        series = [
            {"label": curve["name"], "color": colour, "x": curve["step"], "y": curve["value"], "kind": "line"}
            for curve, colour in zip(self.curves, palette, strict=True)
        ]
        picture = curves_png(
            [{"title": TITLE, "xlabel": "environment step", "series": series}],
            title="Comparison",
            subtitle=self.verdict or ", ".join(session.name for session in self.sessions[:4]),
        )
        return {
            "text/plain": repr(self),
            "text/html": table_html(self._rows, self._columns),
            "image/png": picture,
        }

    def _ipython_display_(self) -> None:
        self._room.show(self.widget, self._static(), repr(self))

    def __repr__(self) -> str:
        table = self.table.to_string(index=False)
        return f"{table}\n{self.verdict}" if self.verdict else table


def compare(*sessions: Session | str, by: str | None = None) -> Comparison:
    """Overlaid curves, a table and a verdict in words: `rlnb.compare(a, b)`; sessions, or their names or ids.

    Runs whose parameters agree are one setting (`by="lr"`: whose learning rate agrees); a seed never tells settings
    apart. The verdict is of the mean returns of each run's last 100 episodes.
    """
    return Comparison(the_room(), chosen(sessions, "rlnb.compare"), by)


def chosen(sessions: Sequence[Any], door: str) -> list[Session]:
    """The sessions meant by sessions, names, ids and lists of them; each once."""
    from rlnb.control.shelf import get

    found = [one if isinstance(one, Session) else get(one) for one in _flat(sessions, door)]
    if not found:
        raise BadValue(f"{door}() needs at least one session, as in {door}(a, b).")
    return list(dict.fromkeys(found))


def _flat(sessions: Sequence[Any], door: str) -> list[Session | str]:
    flat: list[Session | str] = []
    for one in sessions:
        if isinstance(one, list | tuple):
            flat.extend(_flat(one, door))
        elif isinstance(one, Session | str):
            flat.append(one)
        else:
            raise BadValue(f"{door}({one!r}): give sessions, or their names or ids.")
    return flat

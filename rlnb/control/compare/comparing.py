"""Sessions side by side: overlaid curves, a table, and a verdict in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control import exporting
from rlnb.control.compare import tabling
from rlnb.control.compare.judging import verdict
from rlnb.control.compare.lines import AXES, lines_of
from rlnb.control.compare.runs import WINDOW, run_of
from rlnb.control.compare.settings import settings_of
from rlnb.control.doors import the_room
from rlnb.control.marimo import in_marimo
from rlnb.control.session import Session
from rlnb.control.writing import write_whole
from rlnb.errors import BadValue

if TYPE_CHECKING:
    import pandas as pd

    from rlnb.control.room import Room
    from rlnb.widgets.comparison import Comparison as ComparisonWidget

TITLE = f"Return, mean of {WINDOW} episodes"
KINDS = ("run", "setting")


class Comparison:
    """Overlaid curves, a table and a verdict of sessions; shows itself.

    `settings` are the runs grouped by what they were made with, each with its statistics; `verdict` says which is
    better. `table` has a row a run, `summary` a row a setting.
    """

    def __init__(self, room: Room, sessions: Sequence[Session], by: str | None = None) -> None:
        self._room = room
        self.sessions = list(sessions)
        room.settle()
        self.runs = [run_of(room, session.id) for session in self.sessions]
        self.settings = settings_of(self.runs, by)
        self.verdict = verdict(self.settings)
        self._columns = tabling.columns_of(self.runs, self.settings)
        self._rows = tabling.rows_of(self.runs, self.settings)

    # --- out ----------------------------------------------------------------------------------------------------

    @property
    def table(self) -> pd.DataFrame:
        """A row a run, in the order they were given."""
        order = {session.id: k for k, session in enumerate(self.sessions)}
        return self._frame("run", key=lambda row: order[row["id"]])

    @property
    def summary(self) -> pd.DataFrame:
        """A row a setting: the mean of its runs with its 95 % interval, how many solved the environment and when."""
        return self._frame("setting")

    def to_csv(self, path: str | os.PathLike[str] | None = None, of: str | None = None) -> str | Path:
        """The table as CSV: written to `path`, or returned. `of` is "run" or "setting"; settings where any has runs."""
        return self._out(exporting.as_csv(*self._plain(of, "to_csv")), path)

    def to_json(self, path: str | os.PathLike[str] | None = None, of: str | None = None) -> str | Path:
        """As `to_csv`, as JSON: the verdict and the rows."""
        return self._out(exporting.as_json(*self._plain(of, "to_json"), verdict=self.verdict), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None, of: str | None = None) -> str | Path:
        """As `to_csv`, as a Markdown table."""
        return self._out(exporting.as_markdown(*self._plain(of, "to_markdown")), path)

    def to_latex(self, path: str | os.PathLike[str] | None = None, of: str | None = None) -> str | Path:
        """As `to_csv`, as a LaTeX tabular (it wants the package booktabs)."""
        return self._out(exporting.as_latex(*self._plain(of, "to_latex")), path)

    def _frame(self, of: str, key: Any = None) -> pd.DataFrame:
        import pandas as pd

        rows, columns = tabling.plain(self._rows, self._columns, of)
        rows = sorted(rows, key=key) if key else rows
        return pd.DataFrame([{c["label"]: row.get(c["key"]) for c in columns} for row in rows])

    def _plain(self, of: str | None, door: str) -> tuple[list[tabling.Row], list[tabling.Column]]:
        if of is not None and of not in KINDS:
            raise BadValue(f'{door}(of={of!r}): "run" or "setting" is needed.')
        rows, columns = tabling.plain(self._rows, self._columns, of or ("setting" if self.grouped else "run"))
        return rows, [column for column in columns if not column.get("hidden")]

    @staticmethod
    def _out(text: str, path: str | os.PathLike[str] | None) -> str | Path:
        return text if path is None else write_whole(Path(path), text.encode())

    # --- shown --------------------------------------------------------------------------------------------------

    @property
    def grouped(self) -> bool:
        """Whether any setting has several runs."""
        return any(len(setting.runs) > 1 for setting in self.settings)

    @property
    def widget(self) -> ComparisonWidget:
        """Chart and table, as a widget."""
        from rlnb.widgets.comparison import Comparison as Widget
        from rlnb.widgets.comparison import band_points

        points = band_points(len(self.settings))
        bands = {axis: lines_of(self.settings, axis, points) for axis in AXES} if self.grouped else {}
        widget = Widget(
            self._rows,
            self._columns,
            {run.id: {**{axis: getattr(run, axis) for axis in AXES}, "value": run.smooth} for run in self.runs},
            bands={f"setting:{j}": {axis: bands[axis][j] for axis in bands} for j in range(len(self.settings))},
            title=TITLE,
            verdict=self.verdict,
        )
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
        from rlnb.control.compare.charting import picture_series
        from rlnb.widgets.picture import curves_png
        from rlnb.widgets.table import table_html

        picture = curves_png(
            [{"title": TITLE, "xlabel": AXES["step"], "series": picture_series(self, "step")}],
            title="Comparison",
            subtitle=self.verdict or ", ".join(session.name for session in self.sessions[:4]),
        )
        return {"text/plain": repr(self), "text/html": table_html(*self._plain(None, "")), "image/png": picture}

    def _ipython_display_(self) -> None:
        self._room.show(lambda: self.widget, self._static(), repr(self))

    def _display_(self) -> Any:
        return in_marimo(self.widget)

    def __repr__(self) -> str:
        shown = (self.summary if self.grouped else self.table).to_string(index=False)
        return f"{shown}\n{self.verdict}" if self.verdict else shown


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

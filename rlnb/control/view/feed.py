"""The numbers of one session on their way to its view, and the view's words on their way back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.control.recording.running import Running
from rlnb.control.view.among import Among
from rlnb.control.view.arrivals import Arrivals
from rlnb.control.view.controls import CONTROLS, control, held
from rlnb.control.view.curves import MOST_PANELS, Curves
from rlnb.control.view.drawn import Drawn
from rlnb.control.view.rate import Rate
from rlnb.control.view.roles import Roles, beside
from rlnb.control.view.trend import Trend
from rlnb.errors import RlnbError
from rlnb.events import EpisodesEnded, MetricsLogged, Status
from rlnb.widgets.short import Short

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.widgets.live_view import LiveView


NAME = 120  # signs of a metric's name in the view; s.metrics has all of it


class Feed:
    """Keeps the columns that the view draws: returns, lengths and metrics."""

    def __init__(self, room: Room, running: Running) -> None:
        self._room = room
        self.running = running
        self.view: LiveView | None = None
        self.folded = False
        self.state: str = "running"
        self.message: str = ""
        self._arrivals = Arrivals()
        self._settling = threading.RLock()  # the loop draws, and a click's thread does
        self._among = Among()
        self._drawn = Drawn()
        self._curves = Curves()
        self._called = Short(NAME)
        self._trends: dict[int, Trend] = {}  # by group
        self._roles = Roles()
        self._beside: dict[int, tuple[int, float]] = {}  # by group: see _place
        self._threshold: float | None = None
        self._recipe: Mapping[str, Any] | None = None
        self._random: float | None = None  # the mean return of a random policy
        self._rate = Rate(running.since)
        self._ended: float | None = None

    # --- numbers in ---------------------------------------------------------------------------------------------

    def recipe(self, recipe: Mapping[str, Any]) -> None:
        """An environment took a lane: its reward threshold is a line in the chart."""
        if self._threshold is None and recipe.get("reward_threshold") is not None:
            self._threshold = float(recipe["reward_threshold"])
        if self._recipe is None:
            self._recipe = recipe

    def _random_returns(self, mean: float) -> None:
        """From another thread: what a random policy gets here."""
        self._random = mean
        if self.view is not None and self.state != "running":
            self.tick()
            self.view.refresh_snapshot()

    def episodes(self, event: EpisodesEnded) -> None:
        """Episodes of one lane, or of a vector environment's."""
        many = self._arrivals.add(
            time=event.ended - self.running.at,
            group=event.group,
            lane=event.lane,
            first=event.first,
            step=self._place(event),
            own=event.step.astype(np.float64),
            cut=~event.finished,
            returns=event.returns,
            length=event.length.astype(np.float64),
        )
        if many:
            self._settle()

    def _settle(self) -> None:
        """Draw what has arrived."""
        with self._settling:
            self._draw()

    def _draw(self) -> None:
        rows, logged = self._arrivals.take()
        self._draw_metrics(logged, rows.get("time", np.zeros(0)))
        if not rows:
            return
        base = len(self._drawn)
        self._drawn.extend(rows["lane"].tolist(), rows["first"].tolist())
        rows["episode"] = base + np.arange(len(rows["lane"]), dtype=np.float64)
        for group in np.unique(rows["group"]).tolist():
            own = {name: column[rows["group"] == group] for name, column in rows.items()}
            chunk = {name: own[name] for name in ("step", "episode", "time", "cut", "lane", "own")}
            self._trends.setdefault(group, Trend()).extend(own["returns"][~own["cut"]])
            self._add("return", "episodes", group, {**chunk, "value": own["returns"], "kind": "points"})
            self._add("length", "episodes", group, {**chunk, "value": own["length"], "kind": "points"})
        self._who_trains()

    def _place(self, event: EpisodesEnded) -> NDArray[np.float64]:
        """Where the episodes are on the axis of steps: that of the training. Another group (an evaluation) has its
        place where the training stood, and goes on by its own steps while the training waits."""
        own = event.step.astype(np.float64)
        training = self._roles.training
        if event.group == training or len(event) == 0:
            return own
        stood = self.running.steps_of.get(training, 0)
        at, before = self._beside.get(event.group, (-1, 0.0))
        if at != stood:
            before = float(own[0] - event.length[0])
            self._beside[event.group] = (stood, before)
        return stood + own - before

    def _who_trains(self, over: bool = False) -> None:
        if self._roles.hear(self.running.signs.contenders(self.running.steps_of), over):
            self._beside.clear()
            self._curves.place(self._roles.training, beside)
            if self.view is not None:
                self.view.restart()

    def metrics(self, event: MetricsLogged) -> None:
        """Numbers that an algorithm logged."""
        if self._arrivals.log(event):
            self._settle()

    def _draw_metrics(self, logged: list[MetricsLogged], ends: NDArray[np.float64]) -> None:
        """Numbers stand between the episodes among which they were logged."""
        parts = [(event, name) for event in logged for name in event.values]
        times = [event.times[name] - self.running.at for event, name in parts]
        for (event, name), time, place in zip(parts, times, self._among.place(ends, times), strict=True):
            step = event.steps[name].astype(np.float64)
            chunk = {"step": step, "episode": place, "time": time, "value": event.values[name], "kind": "line"}
            self._add(name, name, 0, chunk)

    def _add(self, panel: str, series: str, group: int, chunk: dict[str, Any]) -> None:
        panel, series = self._called(panel), self._called(series)  # names go with each tick
        if not self._curves.extend(panel, series, group, chunk):
            self.message = f"More than {MOST_PANELS} metrics are logged; further ones are in s.metrics."

    # --- the view -----------------------------------------------------------------------------------------------

    def make_view(self) -> LiveView:
        """The one view of this session; made when it is first wanted."""
        if self.view is None or self.lost_its_view():
            from rlnb.widgets.live_view import LiveView

            self.view = LiveView(self._room.clock)
            self.view.on_command(self._command)
            self.view.on_detail(self._curves.window)
            self._curves.anew()
            self._tell(self.view)
            self.view.refresh_snapshot()
            if self._recipe is not None:
                self._room.reference.ask(self._recipe, self._random_returns)
        return self.view

    def tick(self) -> bool:
        """Send what is new; whether there was something, and the wire could take it."""
        view = self.view  # another thread may close it meanwhile
        if view is None or (view.resting and self._state == "running"):
            return False  # many rows are cheaper to hand on at once than in parts
        self._tell(view)
        return view.tick()

    def _tell(self, view: LiveView) -> None:
        view.hears(self._pump_state == "on")
        self._settle()
        self._curves.push(view)
        view.header(**self.header())

    @property
    def _pump_state(self) -> str:
        return "not needed" if self._room.notebook is None else self._room.notebook.pump_state

    def header(self) -> dict[str, Any]:
        """The line above the charts."""
        self._settle()
        running, clock = self.running, self._room.clock
        steps = running.steps
        now = clock.elapsed()
        rate = self._rate.read(now, steps)
        elapsed = now - running.since
        if self._ended is not None:
            elapsed = self._ended
            rate = steps / max(elapsed, 1e-9)
        return {
            "name": running.name,
            "env_id": running.env_id or "",
            "rate": rate,
            "elapsed": elapsed,
            "total_steps": running.total_steps,
            "reward_threshold": self._threshold,
            "random_return": self._random,
            "fps": self._recipe.get("fps") if self._recipe is not None else None,
            "trend": self._trend(),
            "groups": self._roles.names(self.running.steps_of, self.running.signs.judged),
            **self._wishes(),
        }

    def _wishes(self) -> dict[str, Any]:
        """The part of the header that a person's hand changes, and where it changed it. From any thread."""
        running = self.running
        return {
            "steps": running.counted,
            "episodes": running.episodes,
            "state": self._state,
            "waiting": self.state == "running" and running.waiting,
            "message": self.message or (f"Paused: {running.hold.why}." if running.hold.why else ""),
            "controls": ["stop", "pause", "step", "slow", "break", "watch"] if self.state == "running" else [],
            "marks": list(running.marks),
            **(held(self._room, running) if self.state == "running" else {"knobs": [], "breaks": []}),
        }

    @property
    def _state(self) -> str:
        return "paused" if self.state == "running" and self.running.paused else self.state

    def _trend(self) -> str:
        trend = self._trends.get(self._roles.training)
        return trend.words() if trend is not None else ""

    def end(self, status: Status, error: str | None) -> None:
        self.state = status
        self._settle()
        self._who_trains(over=True)
        self._ended = self._room.clock.elapsed() - self.running.since
        self.message = error or self.message
        if self.view is not None:
            self.tick()
            self.view.refresh_snapshot()

    def changed(self, fields: Mapping[str, Any]) -> None:
        if "name" in fields:
            self.running.name = fields["name"]
            if self.view is not None:
                self.tick()
                self.view.refresh_snapshot()

    def close(self) -> None:
        if self.view is not None:
            self.view.close()
            self.view = None

    def fold(self) -> None:
        """A later run of the same cell is shown below this one."""
        if self.view is not None and not self.folded:
            self.folded = True
            self.view.header(folded=True)
            self.view.tick()
            self.view.refresh_snapshot()

    def lost_its_view(self) -> bool:
        """Whether the view was closed by others; from here on there is none."""
        lost = self.view is not None and self.view.comm is None
        if lost:
            self.view, self.folded = None, False
        return lost

    # --- words back ---------------------------------------------------------------------------------------------

    def _command(self, name: str, payload: Mapping[str, Any]) -> None:
        from rlnb.control.session import Session

        session = Session(self._room, self.running.id)
        if name == "stop":
            self.running.stop_asked = True
        elif name in CONTROLS:
            control(self._room, session, name, payload)
        elif name in ("watch", "unwatch") and self.view is not None:
            if self._room.current is self.running:
                self._room.onlookers.command(self.running, self.view, name, payload)
        elif name == "rename":
            session.rename(str(payload["name"]))
        elif name == "replay" and self.view is not None:
            which = payload["episode"]
            self._room.films.play(session, lambda: self._number(session, which), self.view)
        elif name in ("webm", "choose", "what_if", "save", "thumbnails") and self.view is not None:
            self._room.films.command(self.view, name, payload)
        else:
            raise RlnbError(f"the live view asked for {name!r}, which is not known here.")
        if self.view is not None and name in ("stop", *CONTROLS):
            self.view.header(**self._wishes())
            self.view.answer()

    def _number(self, session: Session, which: int | str) -> int:
        """The number in `session.episodes` of an episode of the chart (there: by arrival) or of a word."""
        if isinstance(which, str):
            return session.episode(which)
        self._settle()
        place = self._drawn.place(int(which))
        return int(which) if place is None else self._room.store_number(session.id, *place)

    # --- without a kernel ---------------------------------------------------------------------------------------

    def static(self) -> dict[str, Any]:
        """The picture and the words that stay when the kernel is gone."""
        from rlnb.widgets.picture import curves_png

        head = self.header()
        panels = self._curves.panels(head["groups"])
        words = (
            f"{head['env_id']}: {head['state']}, {head['steps']:,} steps, {head['episodes']:,} episodes, "
            f"{head['rate']:,.0f} steps/s, {head['elapsed']:.1f} s"
        )
        bundle: dict[str, Any] = {"text/plain": f"{head['name']} ({words})"}
        if panels:
            bundle["image/png"] = curves_png(panels[:6], title=head["name"], subtitle=words)
        return bundle

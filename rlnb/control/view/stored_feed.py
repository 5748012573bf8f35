"""The numbers of a session that is over, from the store to its view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlnb.control.recording.running import Running
from rlnb.control.view.among import Among
from rlnb.control.view.feed import Feed
from rlnb.control.view.roles import beside
from rlnb.control.view.trend import Trend

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session


class StoredFeed(Feed):
    """What a feed has at the end of a session."""

    def __init__(self, room: Room, session: Session) -> None:
        about = session._describe()
        running = Running(
            name=about["name"], origin=about["origin"], at=about["started"], since=0.0, env_id=about["env_id"]
        )
        running.id = session.id
        running.total_steps = about.get("total_steps")
        running.scratch = False
        super().__init__(room, running)
        for lane in about["lanes"]:
            self.recipe(lane["recipe"] or {})
            running.signs.note(lane["group"], lane["place"], lane["recipe"] or {})
        self._take_episodes(session, running)
        self._take_metrics(session)
        keys = room.store.keys(session.id)
        self._drawn.extend([lane for lane, _ in keys], [first for _, first in keys])
        running.episodes = int(about["episodes"])
        self.state = str(about["status"])
        self._ended = float(about["elapsed"])
        self.message = about.get("error") or ""

    def _take_episodes(self, session: Session, running: Running) -> None:
        about = session._describe()
        episodes = session.episodes
        lengths = episodes.groupby("group")["length"].sum()
        running.steps_of = {int(str(group)): int(steps) for group, steps in lengths.items()}
        running.steps_of.setdefault(0, int(about["steps"]))
        self._roles.hear(running.signs.contenders(running.steps_of))
        training = episodes[episodes["group"] == running.training_group].sort_values("ended", kind="stable")
        for group, rows in episodes.groupby("group"):
            step = own = rows["step"].to_numpy(np.float64)
            if int(str(group)) != running.training_group:
                ends = (rows["ended"], training["ended"], training["step"])
                step = beside(own, ends[0].to_numpy(), ends[2].to_numpy(np.float64), ends[1].to_numpy())
            chunk = {
                "step": step,
                "episode": rows.index.to_numpy(np.float64),
                "time": rows["ended"].to_numpy(np.float64) - about["started"],
                "cut": ~rows["finished"].to_numpy(bool),
                "lane": rows["lane"].to_numpy(np.int32),
                "own": own,
                "kind": "points",
            }
            returns = rows["return"].to_numpy(np.float64)
            self._trends.setdefault(int(str(group)), Trend()).extend(returns[rows["finished"].to_numpy(bool)])
            self._add("return", "episodes", int(str(group)), {**chunk, "value": returns})
            self._add("length", "episodes", int(str(group)), {**chunk, "value": rows["length"].to_numpy(np.float64)})

    def _take_metrics(self, session: Session) -> None:
        started = session._describe()["started"]
        episodes = session.episodes
        ends = (
            episodes["ended"][episodes["finished"]].to_numpy(np.float64) - started
        )  # ascending; the cut ones come last
        for name, rows in session.metrics.groupby("name", sort=False):
            time = rows["time"].to_numpy(np.float64) - started
            [place] = Among().place(ends, [time])
            chunk = {
                "step": rows["step"].to_numpy(np.float64),
                "episode": place,
                "time": time,
                "value": rows["value"].to_numpy(np.float64),
                "kind": "line",
            }
            self._add(str(name), str(name), 0, chunk)

"""A desk for the tests: seats by place, keeps what it hears, and puts episodes together again as a store would."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlnb.capture import Seat, SeatRequest
from rlnb.events import EpisodeOpened, EpisodesEnded, Event, StepsRecorded
from rlnb.trace import Trace


class FakeDesk:
    def __init__(self) -> None:
        self.session = "s1"
        self.recording = True
        self.events: list[Event] = []
        self.requests: list[SeatRequest] = []
        self.warnings: list[str] = []
        self.ticks = 0
        self.raises: BaseException | None = None
        self.lanes: dict[tuple[str, int], int] = {}
        self.recipes: dict[tuple[str, int], Any] = {}

    def seat(self, request: SeatRequest) -> Seat | None:
        if not self.recording:
            return None
        self.requests.append(request)
        lane = self.lanes.setdefault((self.session, request.key), sum(s == self.session for s, _ in self.lanes))
        self.recipes[self.session, lane] = request.recipe
        return Seat(self.session, lane, 0)

    def first_reset(self) -> None:
        pass

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def tick(self) -> None:
        self.ticks += 1
        if self.raises is not None:
            raise self.raises

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def of(self, kind: type, session: str | None = None) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind) and (session is None or e.session == session)]

    def steps(self, session: str, lane: int = 0) -> tuple[int, Any, Any, Any]:
        """(first, actions, rewards, checks) of a lane, and that the pieces follow each other without a gap."""
        pieces = [e for e in self.of(StepsRecorded, session) if e.lane == lane]
        place = pieces[0].first
        for piece in pieces:
            assert piece.first == place
            place += len(piece.rewards)
            assert len(piece.actions) == len(piece.rewards) == len(piece.checks)
        return (
            pieces[0].first,
            np.concatenate([p.actions for p in pieces]),
            np.concatenate([p.rewards for p in pieces]),
            np.concatenate([p.checks for p in pieces]),
        )

    def episodes(self, session: str = "s1", lane: int = 0) -> list[dict[str, Any]]:
        rows = []
        for event in self.of(EpisodesEnded, session):
            for i in np.flatnonzero(np.broadcast_to(event.lane, len(event)) == lane).tolist():
                row = {k: getattr(event, k)[i] for k in ("first", "length", "returns", "terminated", "truncated")}
                rows.append({**row, "finished": event.finished[i], "step": event.step[i], "start": event.starts[i]})
        return rows

    def traces(self, session: str = "s1", lane: int = 0) -> list[Trace]:
        base, actions, rewards, checks = self.steps(session, lane)
        traces = []
        for row in self.episodes(session, lane):
            here = slice(row["first"] - base, row["first"] - base + row["length"])
            traces.append(
                Trace(
                    self.recipes[session, lane], row["start"], actions[here], rewards[here], checks[here],
                    bool(row["terminated"]), bool(row["truncated"]), bool(row["finished"]),
                )
            )  # fmt: skip
        return traces

    def opened(self, session: str = "s1") -> list[EpisodeOpened]:
        return self.of(EpisodeOpened, session)

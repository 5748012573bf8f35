"""The events that wait to be written, in bounded memory.

While the file takes what it is given, a publisher that is far ahead of the writer waits a moment. While the file takes
nothing (the disk is full), the oldest steps are let go first: episodes, metrics and sessions stay, and the steps that
were let go still count.
"""

from __future__ import annotations

from collections import deque

from rlnb.events import EpisodeOpened, EpisodesEnded, Event, FramesTaken, LanesStepped, MetricsLogged, StepsRecorded
from rlnb.store.ledger import StepsLost
from rlnb.store.starts import weight_of

EAGER = 2 * 2**20  # bytes at which the writer is woken early
FULL = 14 * 2**20  # bytes that wait at most (as much again may be in the writer's hands)

Waiting = Event | StepsLost


class Backlog:
    """A queue that knows its weight. The writer's lock guards it."""

    def __init__(self) -> None:
        self.events: deque[Waiting] = deque()
        self.bytes = 0
        self.lost = 0  # steps let go since the last success
        self.dropped = 0  # other events let go

    def __len__(self) -> int:
        return len(self.events)

    def add(self, event: Waiting) -> None:
        self.events.append(event)
        self.bytes += weight(event)

    def take(self, whole: bool = True) -> list[Waiting]:
        """Everything, to be written. Not `whole`: but for steps that came last.

        The episodes that end in these steps are about to follow, and belong into the same transaction: a process killed
        between the two would leave steps of several episodes that look like one.
        """
        held = not whole and self.events and isinstance(self.events[-1], StepsRecorded | LanesStepped)
        last = self.events.pop() if held else None
        events = list(self.events)
        self.events.clear()
        self.bytes = 0
        if last is not None:
            self.add(last)
        return events

    def put_back(self, events: list[Waiting]) -> None:
        """What could not be written, before what has come since."""
        self.events.extendleft(reversed(events))
        self.bytes += sum(map(weight, events))
        self.shed()

    def shed(self) -> None:
        """Let go of the oldest steps until the rest fits; of other events only when no steps are left."""
        if self.bytes <= FULL:
            return
        goal = FULL * 3 // 4  # some room, so that this is not done again at the next event
        kept: list[Waiting] = []
        for event in self.events:
            if self.bytes > goal and isinstance(event, StepsRecorded | LanesStepped):
                self.bytes -= weight(event)
                self.lost += event.steps if isinstance(event, LanesStepped) else len(event.rewards)
                gone, last = StepsLost(event), kept[-1] if kept else None
                if isinstance(last, StepsLost) and last.follows(gone):
                    last.n += gone.n
                    continue
                self.bytes += weight(gone)
                kept.append(gone)
                continue
            kept.append(event)
        self.events = deque(kept)
        if self.bytes <= FULL:
            return
        kept = []
        for event in self.events:  # sessions and lanes stay whatever happens: they are few, and all else hangs on them
            if self.bytes > goal and isinstance(event, EpisodesEnded | MetricsLogged | EpisodeOpened | FramesTaken):
                self.bytes -= weight(event)
                self.dropped += 1
            else:
                kept.append(event)
        self.events = deque(kept)


def weight(event: Waiting) -> int:
    """Bytes of memory that an event holds, about."""
    match event:
        case StepsRecorded():
            actions = event.actions
            held = actions.nbytes if actions.dtype != object else 200 * len(actions)
            return 500 + held + event.rewards.nbytes + event.checks.nbytes
        case EpisodesEnded():
            return 1500 + 100 * len(event) + weight_of(event.starts)
        case LanesStepped():
            rewards = 0 if event.rewards.strides == (0, 0) else event.rewards.nbytes
            return 500 + event.actions.nbytes + rewards + event.checks.nbytes
        case MetricsLogged():
            return 500 + sum(300 + 24 * len(values) for values in event.values.values())
        case FramesTaken():
            return 500 + sum(map(len, event.pictures))
        case EpisodeOpened():
            return 300 + len(event.start)
        case StepsLost():
            return 100
    return 1000

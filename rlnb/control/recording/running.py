"""A session while it runs: its counts and the person's wishes (pause, stop)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rlnb.control.recording.hold import Hold
from rlnb.control.recording.lanes import Lanes
from rlnb.control.recording.lessons import Lesson
from rlnb.events import EpisodesEnded, LanesStepped, Origin, SessionStarted, StepsRecorded
from rlnb.trace import unpack_start
from rlnb.training import Signs

if TYPE_CHECKING:
    from rlnb.control.recording.background import Job

SCRATCH_EPISODES = 2
SCRATCH_STEPS = 200
SCRATCH_ROWS = 50  # of a metric, where nothing is stepped: a loop over stored data
TRAININGS = 3  # environments one after another that look like a sweep
EPISODES_OF_A_TRAINING = 5  # each of them, at least; fewer is one environment an episode, as some loops have it


def new_id() -> str:
    """Twelve hexadecimal digits; the first eight count seconds, so that ids sort by time."""
    return f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(2)}"


@dataclass
class Running:
    """The session that is being recorded."""

    name: str
    origin: Origin
    at: float
    since: float  # clock.elapsed() at its begin
    env_id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    total_steps: int | None = None
    scratch: bool = True
    seed_is_sure: bool = False  # an algorithm or the person named it
    started_seen: bool = False  # how the first episode began is known
    named: bool = False  # by the person
    said: Mapping[str, Any] = field(default_factory=dict)  # parameters that the person gave
    adopted: Lesson | None = None  # the algorithm whose settings these are
    id: str = field(default_factory=new_id)
    lanes: Lanes = field(default_factory=Lanes)
    signs: Signs = field(default_factory=Signs)  # of which group trains
    steps_of: dict[int, int] = field(default_factory=dict)
    openings: dict[int, int] = field(default_factory=dict)  # of each lane
    lesson_of: dict[int, Lesson] = field(default_factory=dict)  # the first of each group
    lessons: dict[float, str] = field(default_factory=dict)  # begin: where its first environment was made
    env_of: dict[int, str] = field(default_factory=dict)  # of each group
    episodes: int = 0
    logged: int = 0  # rows of the metric that was logged most
    marks: list[dict[str, Any]] = field(default_factory=list)  # what the hand did: step, time, episode, label
    stop_asked: bool = False
    hold: Hold = field(default_factory=Hold)
    jobs: dict[int, Job] = field(default_factory=dict)  # what other threads than the main one step, by their idents
    left: bool = False  # begun by a thread whose cell is over
    error: str | None = None  # in one line, of a thread that failed
    polite: bool = False  # an algorithm asks `hook.stopping()`: it leaves its loop by itself

    def started(self, tags: tuple[str, ...], provenance: Mapping[str, Any]) -> SessionStarted:
        """The event that says so."""
        return SessionStarted(
            self.id, self.at, self.name, self.origin, env_id=self.env_id, params=self.params, tags=tags, seed=self.seed,
            total_steps=self.total_steps, scratch=self.scratch, provenance=provenance,
        )  # fmt: skip

    def adopt(self, lesson: Lesson, env_id: str | None = None) -> dict[str, Any]:
        """Take over the settings of an algorithm that learns here (in `env_id`), as far as the person said no others;
        the fields that changed."""
        before, self.adopted = self.adopted, lesson
        found = {} if before is not None else self.params
        self.params = {**found, **lesson.params, **self.said}
        changed: dict[str, Any] = {"params": self.params}
        if lesson.seed is not None and (before is not None or not self.seed_is_sure):
            self.seed = changed["seed"] = lesson.seed
            self.seed_is_sure = True
        if not self.named and self.env_id:
            _, *rest = self.name.split(" · ")
            rest = rest[1:] if before is not None else rest
            self.name = changed["name"] = " · ".join([env_id or self.env_id, lesson.algorithm, *rest])
        return changed

    def conclude(self) -> dict[str, Any]:
        """At the end it is known what the training was: the fields that change."""
        group, changed = self.training_group, {}
        env_id, lesson = self.env_of.get(group, self.env_id), self.lesson_of.get(group)
        if lesson is not None and lesson is not self.adopted:
            changed = self.adopt(lesson, env_id)
        if env_id != self.env_id:
            self.env_id = changed["env_id"] = env_id
        return changed

    @property
    def paused(self) -> bool:
        """Whether the loop is held."""
        return self.hold.paused

    @property
    def waiting(self) -> bool:
        """Whether a pause or a stop was asked for, and the loop has not come to its next step yet."""
        return self.stop_asked or (self.hold.paused and not self.hold.held)

    @property
    def steps(self) -> int:
        """Environment steps of all groups."""
        return sum(self.steps_of.values())

    @property
    def counted(self) -> int:
        """Steps on the way to `total_steps`: those of the training. Where there is no such goal, all."""
        return self.steps if self.total_steps is None else self.steps_of.get(self.training_group, 0)

    @property
    def training_group(self) -> int:
        """The group that trains, as far as that is known now."""
        return self.signs.training(self.steps_of) or 0

    @property
    def first_lane(self) -> int:
        """The first lane of the training."""
        return next((lane.lane for lane in self.lanes.lanes if lane.group == self.training_group), 0)

    def count_steps(self, event: StepsRecorded | LanesStepped) -> None:
        """Take in a flush; steps before the session (negative indices) do not count."""
        own = event.steps if isinstance(event, LanesStepped) else len(event.rewards) + min(event.first, 0)
        self.steps_of[event.group] = self.steps_of.get(event.group, 0) + max(own, 0)

    def see_start(self, event: EpisodesEnded) -> dict[str, Any]:
        """How the first episode began."""
        if not event.starts:
            return {}
        changed = self.take_seed(unpack_start(event.starts[0])[0].get("seed"))
        self.started_seen = True
        return changed

    def take_seed(self, given: Any) -> dict[str, Any]:
        """The seed given to the first `reset` is the session's, where no other is sure; the field that changed."""
        if self.seed_is_sure or self.started_seen or not isinstance(given, int):
            return {}
        before, self.seed, self.started_seen = self.seed, given, True
        if before == given:
            return {}
        return {"seed": given}

    def count_episodes(self, event: EpisodesEnded) -> None:
        """Take in the episodes of a flush."""
        self.episodes += int(event.finished.sum())

    @property
    def trainings(self) -> int:
        """How many trainings the session looks like: algorithms that said so, or environments that took one lane one
        after another."""
        if self.lessons:
            return len(self.lessons)
        most = max(self.openings.values(), default=0)
        return most if most >= TRAININGS and self.episodes >= EPISODES_OF_A_TRAINING * most else 1

    @property
    def grown_up(self) -> bool:
        """Whether it has done more than look around."""
        return self.episodes >= SCRATCH_EPISODES or self.steps >= SCRATCH_STEPS or self.logged >= SCRATCH_ROWS

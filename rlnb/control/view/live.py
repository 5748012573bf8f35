"""The live view of the running session: events in, a throttled picture out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rlnb.control.marimo import in_marimo
from rlnb.control.view.feed import Feed
from rlnb.control.view.status_line import StatusLine
from rlnb.control.view.stored_feed import StoredFeed
from rlnb.events import EpisodesEnded, MetricsLogged, Status
from rlnb.widgets.short import short

if TYPE_CHECKING:
    from rlnb.capture import SeatRequest
    from rlnb.control.recording.running import Running
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.kernel import Shown

SHOW_AFTER = 0.5  # seconds of stepping before the view shows itself
EVERY = 0.1  # seconds between two ticks
SNAPSHOT_EVERY = 5.0  # seconds between two snapshots of a running session
KEEP = 24  # feeds of ended sessions that are kept, so that a view shown again is the same one


class Live:
    """Keeps one feed a session, shows the view when it is worth it, and hands the person's wishes on."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._feeds: dict[str, Feed] = {}
        self._shown: dict[str, Shown] = {}
        self._keeping: Any = None
        self._line = StatusLine()
        self._ticked = 0.0
        self._held = False
        self._snapped = 0.0
        self.failed = False
        room.bus.subscribe(EpisodesEnded, self._on_episodes)
        room.bus.subscribe(MetricsLogged, self._on_metrics)

    # --- the life of a session ----------------------------------------------------------------------------------

    def begin(self, running: Running) -> None:
        self._feeds[running.id] = Feed(self._room, running)
        for old in list(self._feeds)[:-KEEP]:
            self._feeds.pop(old).close()
            self._shown.pop(old, None)
        self._ticked = self._snapped = self._room.clock.elapsed()
        self.failed = False

    def tidy(self) -> None:
        """Let go of views that were closed: their cell runs again, and the page has taken its outputs away."""
        for id, feed in list(self._feeds.items()):
            if feed.lost_its_view():
                self._shown.pop(id, None)
                if self._room.running(id) is None:
                    del self._feeds[id]

    def lane_opened(self, request: SeatRequest) -> None:
        running = self._room.current
        feed = None if running is None else self._feeds.get(running.id)
        if feed is not None:
            feed.recipe(request.recipe)

    def _on_episodes(self, event: EpisodesEnded) -> None:
        if event.session in self._feeds:
            self._feeds[event.session].episodes(event)

    def _on_metrics(self, event: MetricsLogged) -> None:
        if event.session in self._feeds:
            self._feeds[event.session].metrics(event)

    def tick(self) -> bool:
        """From the stepping thread; does something at most ten times a second, and when the loop comes to stand or goes
        on. Whether messages were written."""
        running = self._room.current
        feed = None if running is None else self._feeds.get(running.id)
        if running is None or feed is None or self.failed:
            return False
        now = self._room.clock.elapsed()
        if now - self._ticked < EVERY and running.hold.held == self._held:
            return False
        self._ticked, self._held = now, running.hold.held
        sent = False
        try:
            if self._on_a_terminal(running):
                self._line.show(running, feed.header())
            if running.id not in self._shown and not running.scratch and now - running.since >= SHOW_AFTER:
                self._show(feed)
                sent = True
            if (view := feed.view) is not None:
                sent = feed.tick() or sent
                if now - self._snapped >= SNAPSHOT_EVERY:
                    self._snapped = now
                    view.refresh_snapshot(moving=True)
                    sent = True
        except Exception as error:
            self._fail(error)
        return sent

    def end(self, running: Running, status: Status, error: str | None) -> None:
        """The last picture: of the view, and of the static output beside it."""
        feed = self._feeds.get(running.id)
        if feed is None:
            return
        try:
            if (
                running.id not in self._shown
                and not running.scratch
                and self._room.clock.elapsed() - running.since >= (SHOW_AFTER)
            ):
                self._show(feed)
            feed.end(status, error)
            if self._on_a_terminal(running):
                self._line.show(running, feed.header())
            self._line.end()
            shown = self._shown.get(running.id)
            if shown is not None:
                shown.update_static(feed.static())
        except Exception as fault:
            self._fail(fault)
        finally:
            if self._keeping is not None:
                self._keeping()
                self._keeping = None
            if feed.view is None:  # nobody looks: who does so later has it from the store
                self._feeds.pop(running.id, None)

    def changed(self, id: str, fields: Mapping[str, Any]) -> None:
        feed = self._feeds.get(id)
        if feed is not None:
            feed.changed(fields)

    def close(self) -> None:
        feeds, self._feeds = list(self._feeds.values()), {}
        self._shown.clear()
        for feed in feeds:
            try:
                feed.close()
            except Exception as error:  # a broken widget must not keep the store from being closed
                self._fail(error)

    def _on_a_terminal(self, running: Running) -> bool:
        notebook = self._room.notebook
        if running.scratch or (notebook is not None and notebook.has_frontend):
            return False
        return self._room.clock.elapsed() - running.since >= SHOW_AFTER

    def _show(self, feed: Feed) -> None:
        notebook = self._room.notebook
        if notebook is None or not notebook.has_frontend or not (self._room.desk.cell or feed.running.jobs):
            return
        feed.make_view()
        feed.tick()
        shown = notebook.show(feed.view, feed.static())
        self._shown[feed.running.id] = shown
        self._keeping = notebook.keep(shown)
        self._fold_above(shown)

    def _fold_above(self, shown: Shown) -> None:
        """Earlier runs of this cell become a line each: ten of `rlnb.seeds(10)` are not ten screens."""
        for id, other in self._shown.items():
            feed = self._feeds.get(id)
            if feed is not None and other is not shown and shown.parent and other.parent == shown.parent:
                feed.fold()

    def _fail(self, error: Exception) -> None:
        from rlnb.bus import strict

        if strict():
            raise error
        self.failed = True
        self._room.warn(f"the live view failed ({type(error).__name__}: {error}); training and recording go on.")

    # --- asked for ----------------------------------------------------------------------------------------------

    def output(self, session: Session) -> LiveOutput:
        """What `s.live()` gives: the same view as any other of this session."""
        return LiveOutput(self._room, session)

    def feed(self, session: Session) -> Feed:
        """The numbers of a session, from the store where it is over and nobody looks at it."""
        feed = self._feeds.get(session.id)
        if feed is None:
            feed = self._feeds[session.id] = StoredFeed(self._room, session)
        return feed


class LiveOutput:
    """A live view to be displayed; shows itself. (IPython keeps what a cell gave: so it holds no numbers itself.)"""

    def __init__(self, room: Room, session: Session) -> None:
        self._room = room
        self._session = session

    @property
    def _feed(self) -> Feed:
        return self._room.live.feed(self._session)

    @property
    def widget(self) -> Any:
        """The view, as a widget."""
        view = self._feed.make_view()
        if self._room.notebook is not None:
            self._room.notebook.let_stand(view)
        return view

    def _ipython_display_(self) -> None:
        self._room.show(self._feed.make_view, self._feed.static(), repr(self))

    def _display_(self) -> Any:
        return in_marimo(self.widget)

    def __repr__(self) -> str:
        running = self._feed.running
        return f"<rlnb live view of {short(running.name)!r}: {running.steps:,} steps, {running.episodes:,} episodes>"

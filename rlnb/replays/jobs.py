"""The jobs of the worker process, by the name that travels on the wire. Each gets the desk first."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rlnb.errors import BadValue, EpisodeNotFound, RlnbError
from rlnb.replays import making, stored, video
from rlnb.replays.branching import Branch
from rlnb.replays.film import Film, Rerun, Verdict
from rlnb.replays.mirror import mirror, put_away
from rlnb.replays.simulate import Simulation
from rlnb.replays.story import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rlnb.replays.reading import Reader
    from rlnb.replays.simulate import Moment
    from rlnb.trace import Trace

RUN_UP = 90  # a picture can depend on those drawn before it (LunarLander's sparks fade by the drawing)
LARGEST_RERUN = 256 * 2**20  # bytes of observations in one answer


class Desk(Protocol):
    """What a job sees of the worker: `progress` raises once the job is cancelled."""

    def progress(self, done: int, total: int) -> None:
        """Say how far the job is."""

    def preview(self, png: bytes) -> None:
        """Show the first frame before the film is done."""

    def ask(self, question: Any) -> Any:
        """The kernel's answer: what its policy does on an observation."""


def warm() -> None:
    """Load beforehand what the first film needs; what is not installed is named when it is asked for."""
    import gymnasium.wrappers  # noqa: F401
    import imageio_ffmpeg
    from PIL import Image, PngImagePlugin  # noqa: F401

    imageio_ffmpeg.get_ffmpeg_exe()
    try:
        import pygame  # noqa: F401
        from gymnasium.envs.classic_control import cartpole  # noqa: F401
    except Exception:
        pass


def film(
    desk: Desk, trace: Trace, max_frames: int | None = None, height: int | None = None, keep_raw: bool = False
) -> Film:
    """Simulate, draw and encode, frame by frame; the first frame is shown at once."""
    if max_frames is not None and max_frames < 2:
        raise BadValue(f"A film needs at least 2 frames; max_frames={max_frames} were asked for.")
    if trace.pictures and (found := _compared(desk, trace)).verdict != "exact":
        return stored.film(desk, trace, found.reason, max_frames, height)
    with Simulation(trace, pictures=True) as run:
        return shoot(desk, run, run, max_frames, height, keep_raw)


def shoot(
    desk: Desk,
    run: Simulation,
    moments: Iterable[Moment],
    max_frames: int | None = None,
    height: int | None = None,
    keep_raw: bool = False,
) -> Film:
    """Draw and encode the moments of a run and write its story; `moments` may go on otherwise than was recorded."""
    began = time.perf_counter()
    n = len(run)
    stride = 1 if max_frames is None else max(1, -(-n // (max_frames - 1)))
    fps = run.recipe.get("fps") or run.env.metadata.get("render_fps")
    speed = max(video.SLOWEST, video.clamp_fps(fps) / stride)
    teller = Teller(run, keep_raw)
    saw = ""
    with video.Encoder(speed, height) as encoder, video.Encoder(speed) as eye:
        picture, moment, drawn = None, None, -1
        for moment in moments:
            teller.hear(moment)
            if moment.k % stride == 0 or moment.k == n:
                picture, drawn = run.picture(), moment.k
                encoder.add(picture)
                if moment.k == 0:
                    desk.preview(video.png(picture, height))
                    saw = looks(teller.reader, moment.observation, picture)
                if saw == "film":
                    eye.add(teller.reader.picture(moment.observation))
            desk.progress(moment.k, max(n, moment.k))
        if moment is not None and moment.k != drawn:  # the run ended elsewhere than was recorded
            picture = run.picture()
            encoder.add(picture)
            if saw == "film":
                eye.add(teller.reader.picture(moment.observation))
    assert picture is not None
    return Film(
        mp4=encoder.content,
        fps=speed,
        frames=encoder.frames,
        width=encoder.width_out,
        height=encoder.height_out,
        poster=video.png(picture, height),
        verdict=run.verdict(),
        seconds=time.perf_counter() - began,
        stride=stride,
        story=teller.tell(run.taken, saw, eye.content),
    )


def branch(
    desk: Desk, trace: Trace, step: int, action: Any, then: str, seed: int, limit: int, keep_raw: bool
) -> tuple[Film, Trace]:
    """Another future from `step` on, as a film and as a trace of its own."""
    if not 0 <= step <= len(trace):
        raise BadValue(f"There is no step {step}: the episode has {len(trace)} steps.")
    with Branch(trace, step, action, then, seed, limit, desk.ask) as run:
        made = shoot(desk, run, run, keep_raw=keep_raw)
        return made, run.trace_of_future()


def looks(reader: Reader, observation: Any, picture: video.Picture) -> str:
    """Where the observation can be seen: "same" in the picture itself, "film" in one of its own, "" nowhere."""
    if not reader.is_picture:
        return ""
    return "same" if np.array_equal(reader.picture(observation), picture) else "film"


def frame(desk: Desk, trace: Trace, k: int, height: int | None = None) -> bytes:
    """The picture after step `k` (0: the reset; -1: the last step) as PNG; exact pixels unless `height` scales."""
    n = len(trace)
    wished = k if k >= 0 else n + 1 + k
    if not 0 <= wished <= n:
        raise EpisodeNotFound(f"There is no frame {k}: the episode has {n} steps, so frames 0 to {n}.")
    if trace.pictures and _compared(desk, trace).verdict != "exact":
        return video.png(stored.at(trace, wished), height)
    with Simulation(trace, pictures=True) as run:
        for moment in run:
            desk.progress(moment.k, wished)
            if wished - RUN_UP <= moment.k < wished:
                run.picture()
            if moment.k == wished:
                return video.png(run.picture(), height)
        raise RlnbError(f"Frame {k} cannot be shown: {run.verdict().reason}")


def verify(desk: Desk, trace: Trace) -> Verdict:
    """Simulate without drawing and compare; recorded frames stand in where that fails and there are some."""
    found = _compared(desk, trace)
    if not trace.pictures or found.verdict == "exact":
        return found
    return replace(found, verdict="recorded frames", reason=stored.words(trace, found.reason))


def _compared(desk: Desk, trace: Trace) -> Verdict:
    try:
        with Simulation(trace) as run:
            for moment in run:
                desk.progress(moment.k, len(trace))
            return run.verdict()
    except RlnbError as error:
        return Verdict("not replayable", None, str(trace.recipe.get("checked") or ""), str(error))


def steps(desk: Desk, trace: Trace, first: int = 0, last: int | None = None) -> Rerun:
    """What the environment gave after steps `first` to `last`."""
    n = len(trace)
    last = n if last is None else min(last, n)
    if not 0 <= first <= last:
        raise BadValue(f"Steps {first} to {last} are no range: the episode has {n} steps.")
    seen: list[Any] = []
    rewards, terminated, truncated, infos = [], [], [], []
    room = LARGEST_RERUN
    with Simulation(trace) as run:
        for moment in run:
            desk.progress(moment.k, n)
            if not first <= moment.k <= last:
                continue
            observation = keep(moment.observation)
            room -= getattr(observation, "nbytes", 64)
            if room < 0:
                raise BadValue(
                    f"The observations of {n} steps take more than {LARGEST_RERUN >> 20} MB at once: "
                    f"ask for a range, such as first={first}, last={moment.k - 1}."
                )
            seen.append(observation)
            infos.append({str(key): plain(value) for key, value in moment.info.items()})
            if moment.k > first:
                rewards.append(moment.reward)
                terminated.append(moment.terminated)
                truncated.append(moment.truncated)
        verdict = run.verdict()
    return Rerun(
        observations=stack(seen),
        rewards=np.array(rewards, dtype=np.float64),
        terminated=np.array(terminated, dtype=np.bool_),
        truncated=np.array(truncated, dtype=np.bool_),
        infos=infos,
        verdict=verdict,
        first=first,
    )


def keep(observation: Any) -> Any:
    """A copy, so that an environment that reuses its array does not rewrite the past."""
    if isinstance(observation, np.ndarray):
        return observation.copy()
    if isinstance(observation, dict):
        return {key: keep(value) for key, value in observation.items()}
    if isinstance(observation, tuple | list):
        return tuple(keep(item) for item in observation)
    return observation


def stack(seen: list[Any]) -> Any:
    """One array where the observations are arrays or numbers of one shape, else the list."""
    alike = all(isinstance(o, np.ndarray | int | float | np.generic) for o in seen)
    if seen and alike and len({np.shape(o) for o in seen}) == 1:
        return np.stack([np.asarray(o) for o in seen])
    return seen


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; what it cannot hold becomes its repr, shortened."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= 1024 and value.dtype != object else f"array of shape {value.shape}"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set):
        return [plain(item) for item in value]
    return repr(value)[:200]


def random(desk: Desk, recipe: dict[str, Any], episodes: int, seconds: float) -> tuple[float, int]:
    """What actions at random get: the mean return, and over how many episodes. Ends with the time, whatever was done.

    An episode that does not end in that time does not count.
    """
    env = making.make(recipe, None)
    until = time.monotonic() + seconds
    env.action_space.seed(0)
    returns: list[float] = []
    try:
        while len(returns) < episodes:
            env.reset(seed=len(returns))
            total, over = 0.0, False
            while not over:
                if time.monotonic() > until:
                    return (float(np.mean(returns)) if returns else 0.0), len(returns)
                _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
                total, over = total + float(reward), bool(terminated or truncated)
            returns.append(total)
            desk.progress(len(returns), episodes)
    finally:
        env.close()
    return float(np.mean(returns)), len(returns)


def tile(desk: Desk, films: list[Film], labels: list[str] | None) -> Film:
    """Films side by side in one."""
    from rlnb.replays.tiling import side_by_side

    return side_by_side(desk, films, labels)


def strip(desk: Desk, film: Film, count: int) -> bytes:
    """Pictures of a film beside each other."""
    from rlnb.replays.tiling import strip as make

    return make(desk, film, count)


def convert(desk: Desk, film: Film, ending: str) -> bytes:
    """A film as gif or webm."""
    if ending == "gif":
        return video.gif(film.mp4, film.fps)
    with video.Encoder(film.fps, ending=f".{ending}") as encoder:
        for k, picture in enumerate(video.decode(film.mp4)):
            encoder.add(picture)
            desk.progress(k + 1, film.frames)
    return encoder.content


JOBS: dict[str, Callable[..., Any]] = {
    "film": film,
    "frame": frame,
    "verify": verify,
    "steps": steps,
    "random": random,
    "tile": tile,
    "strip": strip,
    "convert": convert,
    "branch": branch,
    "mirror": mirror,
    "put_away": put_away,
}

"""Frames to H.264 and back, streaming: no more than a few frames are ever held. Runs in the worker only.

Colours are tagged BT.709, so that a browser, a player and ffmpeg turn them back the same way. Keyframes are
24 frames apart at most, without B-frames: `currentTime = (k + 0.5) / fps` then finds frame k exactly.
"""

from __future__ import annotations

import io
import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import RlnbError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

Picture = NDArray[np.uint8]  # (height, width, 3)

SLOWEST, FASTEST = 4.0, 60.0  # frames a second
KEYFRAME_EVERY = 24
TO_709 = "in_range=full:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int"
TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
H264 = ["-crf", "23", "-preset", "veryfast", "-bf", "0", "-movflags", "+faststart"]
VP9 = ["-crf", "34", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6", "-row-mt", "1"]


def clamp_fps(fps: float | None, default: float = 30.0) -> float:
    """The environment's own frame rate, between 4 (FrozenLake) and 60 (MuJoCo's 125)."""
    return min(FASTEST, max(SLOWEST, float(fps or default)))


def new_file(ending: str) -> Path:
    """An empty file in the worker's own folder, which goes with the worker."""
    folder = os.environ.get("RLNB_REPLAY_FOLDER")
    if folder:
        os.makedirs(folder, exist_ok=True)  # a cleaner of temporary files may have been there
    handle, name = tempfile.mkstemp(suffix=ending, dir=folder)
    os.close(handle)
    return Path(name)


class Encoder:
    """Takes pictures of one size and gives an mp4 (or webm).

    >>> with Encoder(fps=30) as video:        # doctest: +SKIP
    ...     video.add(picture)
    ... video.content
    """

    def __init__(self, fps: float, height: int | None = None, ending: str = ".mp4") -> None:
        self.fps, self.height, self.ending = fps, height, ending
        self.frames = 0
        self.width_out = self.height_out = 0
        self.content = b""
        self._shape: tuple[int, ...] = ()
        self._sink: Any = None
        self._path = new_file(ending)

    def add(self, picture: Picture) -> None:
        """Append a picture; one of another size than the first is resized to it."""
        if self._sink is None:
            self._open(picture)
        if picture.shape != self._shape:
            picture = resize(picture, self._shape[1], self._shape[0])
        self._sink.send(np.ascontiguousarray(even(picture)))
        self.frames += 1

    def _open(self, picture: Picture) -> None:
        import imageio_ffmpeg

        self._shape = picture.shape
        high, wide = even(picture).shape[:2]
        self.width_out, self.height_out = fit(wide, high, self.height)
        scale = f"scale={self.width_out}:{self.height_out}:{TO_709}"
        webm = self.ending == ".webm"
        self._sink = imageio_ffmpeg.write_frames(
            str(self._path),
            (wide, high),
            fps=float(self.fps),
            # The rate again, exactly: imageio-ffmpeg 0.6 (Colab's) takes no Fraction and rounds what it takes.
            input_params=["-r", str(Fraction(self.fps).limit_denominator(1000))],
            quality=None,
            codec="libvpx-vp9" if webm else "libx264",
            macro_block_size=1,
            ffmpeg_log_level="error",
            output_params=["-vf", scale, "-g", str(KEYFRAME_EVERY), *(VP9 if webm else H264), *TAGS, "-threads", "2"],
        )
        self._sink.send(None)

    def __enter__(self) -> Encoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if self._sink is not None and kind is not None:
                _kill(self._sink)
            elif self._sink is not None:
                self._sink.close()
                self.content = self._path.read_bytes()
                if not self.content:
                    raise RlnbError("ffmpeg wrote no video; its words are in the worker's log.")
        finally:
            self._path.unlink(missing_ok=True)


def _kill(sink: Any) -> None:
    """End ffmpeg without waiting for the frames it still has (a BaseException makes imageio-ffmpeg kill it)."""
    try:
        sink.throw(KeyboardInterrupt())
    except BaseException:
        pass


def decode(content: bytes, ending: str = ".mp4", size: tuple[int, int] | None = None) -> Generator[Picture, None, None]:
    """The pictures of a video, one at a time, scaled to `size` (width, height) where given."""
    import imageio_ffmpeg

    path = new_file(ending)
    path.write_bytes(content)
    scale = ["-vf", f"scale={size[0]}:{size[1]}:flags=bicubic"] if size else []
    source = imageio_ffmpeg.read_frames(str(path), output_params=[*scale, "-fps_mode", "passthrough"])
    try:
        wide, high = size or next(source)["size"]
        if size:
            next(source)
        for raw in source:
            yield np.frombuffer(raw, dtype=np.uint8).reshape(high, wide, 3)
    finally:
        source.close()
        path.unlink(missing_ok=True)


def even(picture: Picture) -> Picture:
    """The picture with an even height and width: its last row or column is repeated where need be."""
    high, wide = picture.shape[:2]
    if high % 2 or wide % 2:
        return np.pad(picture, ((0, high % 2), (0, wide % 2), (0, 0)), mode="edge")
    return picture


def fit(wide: int, high: int, height: int | None) -> tuple[int, int]:
    """Even width and height of the video for a wished height, keeping the proportions."""
    if height is None or height == high:
        return wide, high
    tall = max(2, 2 * round(height / 2))
    return max(2, 2 * round(wide * tall / high / 2)), tall


def resize(picture: Picture, wide: int, high: int) -> Picture:
    """The picture at another size."""
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((wide, high), Image.Resampling.BICUBIC))


def png(picture: Picture, height: int | None = None) -> bytes:
    """The picture as PNG: exact pixels, unless another height is wished."""
    from PIL import Image

    if height is not None and height != picture.shape[0]:
        wide, high = fit(picture.shape[1], picture.shape[0], height)
        picture = resize(picture, wide, high)
    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, "PNG", compress_level=4)
    return sink.getvalue()


def gif(content: bytes, fps: float) -> bytes:
    """An mp4 as a GIF with a palette of its own, at most 25 frames a second."""
    import subprocess

    import imageio_ffmpeg

    source, target = new_file(".mp4"), new_file(".gif")
    source.write_bytes(content)
    filters = f"fps={min(25.0, fps):g},split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=none"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", str(source), "-vf", filters, "-loop", "0"]
    try:
        done = subprocess.run([*command, str(target)], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise RlnbError(f"ffmpeg could not write the GIF: {done.stderr.decode(errors='replace').strip()}")
        return target.read_bytes()
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)

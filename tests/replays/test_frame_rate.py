"""The frame rate of a film, as every imageio-ffmpeg from 0.6 (Colab's) on takes it: a float, and exact all the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from rlnb.replays.video import Encoder, new_file


@pytest.mark.parametrize("fps", [30, 125 / 9])
def test_the_rate_is_a_float_for_the_package_and_exact_in_the_file(fps: float, monkeypatch: pytest.MonkeyPatch) -> None:
    write_frames = imageio_ffmpeg.write_frames

    def as_in_0_6(*args: Any, **options: Any) -> Any:
        assert type(options["fps"]) in (float, int)
        options["fps"] = float(f"{options['fps']:.02f}")  # which is all that 0.6 keeps of it
        return write_frames(*args, **options)

    monkeypatch.setattr(imageio_ffmpeg, "write_frames", as_in_0_6)
    with Encoder(fps) as encoder:
        for frame in range(3000):
            encoder.add(np.full((16, 16, 3), frame % 200, np.uint8))
    path = new_file(".mp4")
    try:
        path.write_bytes(encoder.content)
        about = next(imageio_ffmpeg.read_frames(str(path)))
    finally:
        path.unlink()
    assert about["duration"] == pytest.approx(float(3000 / Fraction(fps)), abs=0.008)  # ffmpeg says hundredths

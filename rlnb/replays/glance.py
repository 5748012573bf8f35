"""One picture of a training that goes on: small, since many of them travel to the page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 640  # pixels of the longer side
QUALITY = 75


@dataclass(frozen=True, slots=True)
class Glance:
    """What an episode looked like after a step."""

    jpeg: bytes
    step: int  # steps that the mirror has run again
    steps: int  # steps that it knows of
    left: str = ""  # in words, where it left the recording: what is seen from there on is not the training


def jpeg(picture: NDArray[Any]) -> bytes:
    """A picture, (height, width, 3 or 4) uint8, as JPEG; a large one is made smaller."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture[:, :, :3]))
    if max(image.size) > LARGEST:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()

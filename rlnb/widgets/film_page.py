"""Films as one HTML file that plays by itself: no kernel, no network, opened from a disk."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence

from .asset import player_bundle
from .films import FilmData

# The bundle stands in the page as an inline module (a page on a disk may not load another file), bytes as base64.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 16px; font-family: system-ui, sans-serif; background: Canvas; color-scheme: light dark; }}
main {{ max-width: 1000px; margin: 0 auto; }}
</style>
</head>
<body>
<main id="rlnb"></main>
<noscript>This page plays an episode of reinforcement learning; it needs JavaScript, and nothing else.</noscript>
<script type="application/json" id="rlnb-films">{meta}</script>
{buffers}
<script type="module">{code}</script>
</body>
</html>
"""


def film_page(films: Sequence[FilmData], title: str) -> bytes:
    """The page, UTF-8. Its size is that of the films and a third, and 60 kB."""
    meta = json.dumps([film.meta() for film in films], allow_nan=False).replace("<", "\\u003c")
    buffers = "\n".join(
        f'<script type="text/plain" class="rlnb-buffer">{base64.b64encode(part).decode()}</script>'
        for film in films
        for part in film.buffers()
    )
    code = player_bundle().decode().replace("</script", "<\\/script").replace("<!--", "<\\!--")
    page = PAGE.format(title=html.escape(title), meta=meta, buffers=buffers, code=code)
    return page.encode()

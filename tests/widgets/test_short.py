"""Names inside sentences, captions and tables."""

from __future__ import annotations

import pytest

from rlnb.widgets.short import Short, short
from rlnb.widgets.table import table_html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CartPole-v1 · cell 3", "CartPole-v1 · cell 3"),
        ("two\nlines\x00", "two lines "),
        ("a\u202eb\u2066c", "abc"),
        ("\N{ROBOT FACE}" * 10_000, "\N{ROBOT FACE}" * 79 + "…"),
        ("\u202e" * 400 + "x", "…"),
        ("<b>'\"&</b>", "<b>'\"&</b>"),
        ("", ""),
    ],
)
def test_a_name_is_one_line_that_ends(text: str, shown: str) -> None:
    assert short(text) == shown


def test_different_names_stay_different() -> None:
    long = "long" * 2500
    called = Short(8)
    assert [called(text) for text in (long + "a", long + "b", "c", long + "a")] == [
        "longlon…", "longlon… (2)", "c", "longlon…",
    ]  # fmt: skip


def test_a_static_table_is_no_wider_than_its_words() -> None:
    page = table_html([{"name": "<i>" + "x" * 10_000}], [{"key": "name", "label": "y" * 10_000, "kind": "text"}])
    assert len(page) < 500 and "&lt;i&gt;xxx" in page

"""Files are written whole or not at all."""

import pytest

from rlnb.control.writing import write_whole


def test_an_existing_file_is_replaced(tmp_path):
    (tmp_path / "x").write_text("old")
    write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_an_error_leaves_what_was_there(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(TypeError):
        write_whole(tmp_path / "x", "text")  # type: ignore[arg-type]
    assert (tmp_path / "x").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]

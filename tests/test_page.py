"""`write_page`: a notebook, run, as one page that needs nothing of the web."""

import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from rlnb.errors import BadValue
from rlnb.page import WIDGET, WIDGET_STATE, PageError, remote_urls, settle, write_page


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def write_notebook(tmp_path):
    def write(*cells, name="lesson.ipynb", **metadata):
        spec = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, **metadata}
        path = tmp_path / name
        nbformat.write(new_notebook(cells=list(cells), metadata=spec), path)
        return path

    return write


def widget_cell(*others):
    view = new_output("display_data", {WIDGET: {"model_id": "abc"}, "text/plain": "LiveView()"})
    return new_code_cell("train()", outputs=[view, *others], execution_count=1)


def test_a_widget_gives_way_to_picture_and_table(write_notebook, tmp_path):
    static = new_output("display_data", {"image/png": png(), "text/html": "<table><tr><td>475</td></tr></table>"})
    notebook = write_notebook(widget_cell(static), widgets={WIDGET_STATE: {"state": {}, "version_major": 2}})
    page = write_page(notebook, tmp_path / "page.html", execute=False).read_text("utf-8")
    assert f"data:image/png;base64,{png()}" in page
    assert "<td>475</td>" in page
    assert "LiveView()" not in page
    assert "widget-state" not in page


def test_a_video_stands_alone():
    html = '<table><tr><td><video controls src="data:video/mp4;base64,AAAA"></video></td></tr></table>'
    cell = widget_cell(new_output("display_data", {"image/png": png(), "text/html": html}))
    (output,) = settle(new_notebook(cells=[cell])).cells[0].outputs
    assert output.data["text/html"] == html


def test_a_widget_with_nothing_beside_it_leaves_its_text():
    (output,) = settle(new_notebook(cells=[widget_cell()])).cells[0].outputs
    assert dict(output.data) == {"text/plain": "LiveView()"}


def test_a_notebook_is_run_in_its_folder_and_stays_as_it_was(write_notebook, tmp_path):
    (tmp_path / "data.txt").write_text("forty-two")
    code = "import os\nprint(open('data.txt').read(), os.environ['RLNB_PAGE'])"
    notebook = write_notebook(new_markdown_cell("# A *title*"), new_code_cell(code))
    before = notebook.read_bytes()
    begun = []
    page = write_page(notebook, tmp_path / "new" / "page.html", progress=lambda *now: begun.append(now))
    text = page.read_text("utf-8")
    assert "forty-two 1" in text
    assert begun == [(1, 1)]
    assert notebook.read_bytes() == before


def test_a_failing_cell_is_said_and_writes_nothing(write_notebook, tmp_path):
    notebook = write_notebook(new_code_cell("1 / 0"))
    with pytest.raises(PageError, match=r"lesson\.ipynb failed[\s\S]*ZeroDivisionError"):
        write_page(notebook, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
        "<img srcset='a.png 1x, https://cdn.example/x.png 2x'>",
        '<video poster="http://cdn.example/x.png"></video>',
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        '<p style="background: url(https://cdn.example/x.png)">',
        "<style>@import 'https://cdn.example/x.css';</style>",
        '<style>b { background: url( "https://cdn.example/x.png") }</style>',
        "<script type='module'>import x from 'https://cdn.example/x.mjs'</script>",
        "<script>import('https://cdn.example/x.mjs')</script>",
        "<iframe srcdoc='&lt;img src=\"https://cdn.example/x.png\"&gt;'></iframe>",
    ],
)
def test_what_would_load_from_the_web_is_refused(html, write_notebook, tmp_path):
    output = new_output("display_data", {"text/html": html})
    notebook = write_notebook(new_code_cell("show()", outputs=[output], execution_count=1))
    with pytest.raises(PageError, match=r"from the web[\s\S]*cdn\.example"):
        write_page(notebook, tmp_path / "page.html", execute=False)
    assert not (tmp_path / "page.html").exists()


def test_a_link_to_click_is_no_load():
    assert remote_urls('<a href="https://example.org">docs</a> <img src="data:image/png;base64,AA//AA">') == []


def test_a_page_by_itself_has_no_web_address_at_all(write_notebook, tmp_path):
    notebook = write_notebook(new_markdown_cell("# Hello\n\n`code`"), new_code_cell("x = 1"))
    page = write_page(notebook, tmp_path / "page.html", execute=False).read_text("utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "<title>Hello</title>" in page


def test_what_is_no_notebook_is_said(tmp_path):
    with pytest.raises(BadValue, match="cannot be read"):
        write_page(tmp_path / "none.ipynb", tmp_path / "page.html")
    (tmp_path / "poem.ipynb").write_text("roses are red")
    with pytest.raises(BadValue, match="is no Jupyter notebook"):
        write_page(tmp_path / "poem.ipynb", tmp_path / "page.html")

"""README and its neighbours, and the notebooks: names exist, links lead somewhere, code is code."""

import ast
import json
import re
from pathlib import Path

import pytest

import rlnb
from rlnb.cli import parser
from rlnb.control.session import Session

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(ROOT.glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FILES = (("rlnb", "*.py"), ("js/src", "*.ts"), ("tests", "*.py"))


def text_of(path):
    """The text that a person reads, code included."""
    if path.suffix != ".ipynb":
        return path.read_text("utf-8")
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])


def python_of(path):
    """The Python in a page, one string a block; magics are left out."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text("utf-8"))["cells"]
        blocks = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    else:
        blocks = re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return ["\n".join(line for line in block.splitlines() if not line.startswith("%")) for block in blocks]


def anchors(path):
    heads = re.findall(r"^#+ +(.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


each_page = pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)


@each_page
def test_names_exist(path):
    text = text_of(path)
    missing = {name for name in re.findall(r"\brlnb\.([a-z_]\w*)\s*\(", text) if not hasattr(rlnb, name)}
    assert not missing, f"{path.name} speaks of rlnb.{missing}"
    used = set(re.findall(r"\b(?:s|fast|slow)\.([a-z_]\w*)", text))
    assert not {name for name in used if not hasattr(Session, name)}


@each_page
def test_code_is_python(path):
    for block in python_of(path):
        ast.parse(block)


@each_page
def test_links_resolve(path):
    text = re.sub(r"`[^`\n]*`", "", text_of(path))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(there)


def test_commands_of_the_readme_are_understood():
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"\brlnb ((?:page|demo|sessions|export)\b[^`\n]*)", text)
    assert lines
    for line in lines:
        parser().parse_args(line.split())


def test_make_targets_that_pages_name_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"\bmake ((?:demo|test|js|lint|clean)[a-z-]*)\b", page.read_text("utf-8")))
        assert named <= targets, f"{page.name} names {named - targets}"


def test_the_script_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in python_of(ROOT / "README.md") if "import rlnb" in block]
    assert blocks
    for block in blocks:
        rlnb.use(tmp_path / "store")
        names = {}
        exec(compile(block, "README.md", "exec"), names)
        assert len(names["s"].episodes) == 3
    rlnb.uninstall()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_committed_without_outputs(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_has_no_remote_url(path):
    assert not re.search(r"https?://", text_of(path))


def test_training_cells_of_the_quickstart_do_not_know_rlnb():
    cells = python_of(ROOT / "notebooks" / "00_quickstart.ipynb")
    training = [cell for cell in cells if "def " in cell or "class " in cell or "train(" in cell]
    assert len(training) >= 4
    assert not [cell for cell in training if "rlnb" in cell]


def test_no_file_is_longer_than_contributing_says():
    (most,) = map(int, re.findall(r"none over (\d+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    files = [path for room, kind in FILES for path in (ROOT / room).rglob(kind)]
    assert len(files) > 300
    lengths = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > most} == {}

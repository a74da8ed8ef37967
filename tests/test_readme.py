"""The tables of README and CONTRIBUTING that name files are true."""

import re
from pathlib import Path

import pytest
from test_architecture import ORDER

from tinygrad_edu import lessons

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| ([A-E]\d+) \| [^|]+ \| ([\d, ]+?) \| (\w*) ?\| ([\w/.]+) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def cites(path, row):
    """Whether a file names a row, alone or in a range such as A1-A4."""
    text = path.read_text(encoding="utf-8")
    letter, number = row[0], int(row[1:])
    ranges = re.findall(rf"\b{letter}(\d+)(?:-|\u2013| to ){letter}(\d+)\b", text)
    return bool(re.search(rf"\b{row}\b", text)) or any(
        int(first) <= number <= int(last) for first, last in ranges
    )


def test_every_row_of_the_lectures_has_its_line():
    counts = {"A": 11, "B": 6, "C": 2, "D": 8, "E": 2}
    assert [row for row, *_ in ROWS] == [
        f"{letter}{i}" for letter, n in counts.items() for i in range(1, n + 1)
    ]


@pytest.mark.parametrize(("row", "notebooks", "example", "test"), ROWS)
def test_the_files_that_a_line_names_cite_its_row(row, notebooks, example, test):
    for number in notebooks.split(", "):
        (script,) = (ROOT / "notebooks").glob(f"{number}_*.py")
        assert cites(script, row), script
    if example:
        assert example in lessons.names()
        assert cites(ROOT / "tinygrad_edu" / "lessons" / f"{example}.py", row)
    assert cites(ROOT / "tests" / test, row)


MAP = re.compile(r"^\| `([\w/.]+)` \|", re.MULTILINE)
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "tinygrad_edu"


def test_the_map_of_the_house_has_every_file_and_folder_in_the_order_of_imports():
    named = MAP.findall(CONTRIBUTING.partition("## Where is")[0])
    levels = [
        next(level for level, names in enumerate(ORDER) if name.split(".")[0].strip("/") in names)
        for name in named
    ]
    assert levels == sorted(levels)
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {*named} | {"plugin.py", "__main__.py"} == there


def test_every_file_that_contributing_names_exists():
    table = CONTRIBUTING.partition("## Where is")[2].partition("## Words")[0]
    named = re.findall(r"`([\w/]+\.(?:py|css|js))`", table)
    assert len(named) > 20
    assert [name for name in named if not (PACKAGE / name).exists()] == []

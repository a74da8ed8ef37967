"""Every command that README, CONTRIBUTING and the notebooks print can be typed as it stands."""

import ast
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.py"))
PROGRAMS = {"python3", "python", "pip", "jupyter", "tinygrad-edu", "torchrun", "make", "uv",
            "apt-get", "git", "cd", ".", "source", "pytest"}  # fmt: skip
SETTINGS = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
EXTRAS = dict(re.findall(r"^(\w+) = (\[.*?\])(?:  #[^\n]*)?$",
                         SETTINGS.partition("[project.optional-dependencies]")[2]
                         .partition("[project.scripts]")[0], re.DOTALL | re.MULTILINE))  # fmt: skip
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


class Command(NamedTuple):
    """A command, and whether the environment is active when a reader comes to it."""

    text: str
    is_active: bool


def markdown_of(path):
    """The prose of a page or of a notebook's script."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
    return text


def commands_of(text, *, is_active=False):
    """The shell commands of a page from top to bottom, in blocks of code and within sentences."""
    for block, inline in re.findall(r"```(?:sh|bat)\n(.*?)```|`([^`\n]+)`", text, re.DOTALL):
        for line in (block or inline).splitlines():
            for part in line.partition("  # ")[0].split(" && "):
                if block or (part.split()[0] in PROGRAMS and " " in part.strip()):
                    is_active |= part.strip() in {". .venv/bin/activate", r".venv\Scripts\activate"}
                    yield Command(part.strip(), is_active)


README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE_FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", README, re.DOTALL))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *NOTEBOOKS]
COMMANDS = [
    pytest.param(command, id=f"{path.name}: {command.text}")
    for path in PAGES
    for command in dict.fromkeys(commands_of(markdown_of(path), is_active=path.suffix == ".py"))
]


def is_module(name):
    """Whether ``python -m`` finds the module, here or after an extra is installed."""
    installed = importlib.util.find_spec(name) is not None
    return installed or name in {"venv", "pip"} or any(name in extra for extra in EXTRAS.values())


def check(command, folder):
    """Raise an error unless the command can be typed where it stands."""
    program, *arguments = shlex.split(command.text.replace("\\", "/"))
    in_environment = re.match(r"\.venv/(?:bin|Scripts)/(.*)", program)
    program = in_environment[1] if in_environment else program
    assert program in PROGRAMS | {"activate"}, f"teach this test what {program} is"
    if program in {"pip", "jupyter", "tinygrad-edu", "torchrun", "pytest"}:
        assert in_environment or command.is_active, "the environment is not active here"
    if program == "tinygrad-edu":
        for name, code in EXAMPLE_FILES.items():
            (folder / name).write_text(code, encoding="utf-8")
        run_in(folder, "-m", "tinygrad_edu", *[a.replace("NAME", "xor") for a in arguments])
    elif program in {"python", "python3"}:
        check_python(arguments)
        is_making_it = arguments[:2] == ["-m", "venv"]
        assert in_environment or command.is_active or is_making_it
    elif program == "torchrun":
        assert is_module(arguments[arguments.index("-m") + 1])
    elif program == "jupyter":
        assert arguments == ["lab", "notebooks"]
        assert "jupyterlab" in EXTRAS["notebooks"]
    elif program == "make":
        assert set(arguments) <= TARGETS
    elif program == "uv":
        assert arguments[0] == "run"
        extras = re.findall(r"--extra (\w+)", command.text)
        assert set(extras) <= set(EXTRAS)


def check_python(arguments):
    """Check what follows ``python``: a module, or an installation of this project."""
    dash, module, *rest = arguments
    assert dash == "-m"
    assert is_module(module)
    if module == "pip":
        *options, what = rest
        assert options == ["install", "-q", "-e"]
        extras = re.fullmatch(r"\.(?:\[([\w,]+)\])?", what)[1]
        assert set(extras.split(",") if extras else []) <= set(EXTRAS)


def run_in(folder, *arguments):
    """Run Python in a folder and return its output; fail if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False, capture_output=True, text=True, encoding="utf-8", cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    is_check = "check-engine" in arguments  # it says that an engine is wrong by its exit code
    assert done.returncode in ({0, 1} if is_check else {0}), done.stderr
    assert not (done.returncode and done.stderr), done.stderr
    return done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_typed_as_it_stands(command, tmp_path):
    check(command, tmp_path)


@pytest.mark.parametrize(
    ("page", "is_wrong"),
    [
        ("`tinygrad-edu demo`", True),
        ("```sh\n. .venv/bin/activate\n```\n`tinygrad-edu demo -o x.dot`", False),
        ("```sh\njupyter lab notebooks\n```", True),
        ("`.venv/bin/jupyter lab notebooks` and `pip install numpy`", True),
        ('```sh\n.venv/bin/python -m pip install -q -e ".[nothing]"\n```', True),
        ("`make nothing`", True),
        ("`make lint`, and `git log`", False),
        ("```sh\nfrobnicate\n```", True),
        ("```sh\n. .venv/bin/activate\ntinygrad-edu demo -o x.gif\n```", True),
    ],
)
def test_these_tests_find_a_command_that_cannot_be_typed(page, is_wrong, tmp_path):
    found = list(commands_of(page))
    assert found
    try:
        for command in found:
            check(command, tmp_path)
    except AssertionError:
        assert is_wrong
    else:
        assert not is_wrong


def test_the_output_of_a_command_that_is_printed_is_what_it_prints(tmp_path):
    blocks = re.findall(r"```sh\n([^`]*)```\n\n```text\n(.*?)```", README, re.DOTALL)
    assert blocks
    for commands, output in blocks:
        for name, code in EXAMPLE_FILES.items():
            (tmp_path / name).write_text(code, encoding="utf-8")
        program, *arguments = shlex.split(commands.splitlines()[-1])
        assert program == "tinygrad-edu"
        assert run_in(tmp_path, "-m", "tinygrad_edu", *arguments) == output


def test_there_are_commands():
    texts = {param.values[0].text for param in COMMANDS}
    assert len(texts) > 20
    assert {"jupyter lab notebooks", "tinygrad-edu example xor", "make benchmark"} <= texts


DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def imported(tree):
    """The packages that code imports, except those that it imports in a ``try``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]
        elif not isinstance(node, ast.Try):
            yield from imported(node)


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda script: script.stem)
def test_the_extra_notebooks_has_all_that_the_notebooks_import(script):
    names = set(imported(ast.parse(script.read_text(encoding="utf-8"))))
    needed = names - sys.stdlib_module_names - {"tinygrad_edu"}
    assert {name for name in needed if f'"{DISTRIBUTIONS.get(name, name)}>' not in
            EXTRAS["notebooks"]} == set()  # fmt: skip

"""What is published: the wheel and the sdist, what is in them, and that they work by themselves."""

import email
import importlib.util
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import files
from pathlib import Path
from shutil import copytree

import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("build", reason="pip install build hatchling, or the extra release")
pytest.importorskip("hatchling", reason="pip install build hatchling, or the extra release")
pytest.importorskip("pip")


def run(*command, cwd=None):
    """Run a program and return what it prints; if it fails, fail with all it has said."""
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=cwd, env=environment
    )
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def tree(folder, *, above):
    """The files in a folder of the checkout, but what Python and its tools leave there."""
    return {
        path.relative_to(above).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of an sdist, and of the wheel that is built from it, as `python -m build` does."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(built):
    (path,) = built.glob("*.tar.gz")
    return path


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    of_tests = {"tinygrad_edu/interop/conftest.py"}
    assert names == tree(ROOT / "tinygrad_edu", above=ROOT) - of_tests
    assert "tinygrad_edu/py.typed" in names
    assert "tinygrad_edu/pages/stepper.html" in names
    assert {Path(name).suffix for name in names} <= {".py", ".typed", ".html", ".css", ".js"}


def test_the_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info" in name}
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert b"tinygrad-edu = tinygrad_edu.cli:main" in archive.read(f"{info}/entry_points.txt")
    assert metadata["Name"] == "tinygrad-edu"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    needed = {text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text}
    assert {text.partition(">")[0] for text in needed} == {"graphviz", "graphviz-pure"}
    assert metadata.get_payload(decode=True) == (ROOT / "README.md").read_bytes()
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_sdist_holds_what_the_tests_need_and_nothing_odd(sdist):
    with tarfile.open(sdist) as archive:
        paths = {Path(*Path(name).parts[1:]) for name in archive.getnames()}
    names = {path.as_posix() for path in paths}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "PKG-INFO"} <= names
    assert tree(ROOT / "tinygrad_edu", above=ROOT) <= names
    assert tree(ROOT / "tests", above=ROOT) <= names
    caches = {"__pycache__", ".ci", ".git", ".venv", ".hypothesis", "build", "dist"}
    assert not [path for path in paths if caches & {*path.parts}]
    assert not [path for path in paths if path.suffix in {".pyc", ".so", ".log"}]


@pytest.mark.skipif(not importlib.util.find_spec("twine"), reason="pip install twine")
def test_twine_finds_nothing_wrong(wheel, sdist):
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))


def test_an_empty_environment_with_the_wheel_runs_the_demo(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    installing = ["install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    run(sys.executable, "-m", "pip", "--python", python, *installing)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (needed,) = {Path(str(file.locate())).parent for file in files("graphviz") or []
                 if file.as_posix() == "graphviz/__init__.py"}  # fmt: skip
    copytree(needed, Path(site, "graphviz"))  # what pip would bring, without a network
    said = run(str(scripts / "tinygrad-edu"), "demo", cwd=tmp_path)
    assert "0.2983711" in said
    assert (tmp_path / "worked_example.svg").read_text(encoding="utf-8").endswith("</svg>\n")
    program = (
        "import tinygrad_edu as t; t.steps(t.Value(2.0) * 3).to_html('page.html'); "
        "print(t.__file__)"
    )
    assert run(python, "-c", program, cwd=tmp_path).startswith(site)
    assert '"pass": "backward"' in (tmp_path / "page.html").read_text(encoding="utf-8")

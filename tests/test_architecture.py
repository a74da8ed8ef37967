import ast
import os
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_edu

PACKAGE = Path(tinygrad_edu.__file__).parent

ORDER = [
    {"primitive"},
    {"primitives"},
    {"engine"},
    {"copying"},
    {"value"},
    {"gradient"},
    {"naming"},
    {"showing"},
    {"drawing", "check", "replay"},
    {"explain"},
    {"nn"},
    {"examples", "testing"},
    {"plugin"},
    {"__init__"},
    {"interop", "cli"},
    {"__main__"},
]
"""A module may import those of the lines above its own, and no other of its own line."""
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
CORE = [name for names in ORDER[:6] for name in sorted(names)]
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    """The module or folder directly inside the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def of_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node):
    """The full names of all modules imported anywhere in the code, types apart."""
    for child in ast.iter_child_nodes(node):
        if of_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"a relative import, in line {child.lineno}"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from imports(child)


def imported_of_package(path):
    """The modules and folders of the package that a file imports."""
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        top, _, rest = f"{name}.".partition(".")
        if top == "tinygrad_edu":
            inner = rest.partition(".")[0]
            yield inner if inner in LEVEL else "__init__"


def test_every_module_has_its_place_in_the_order():
    assert {module_of(path) for path in FILES} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    importer = module_of(path)
    for imported in imported_of_package(path):
        assert imported == importer or LEVEL[imported] < LEVEL[importer]


@pytest.mark.parametrize("name", CORE)
def test_the_core_needs_nothing_but_python(name):
    tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    needed = {full.partition(".")[0] for full in imports(tree)}
    assert needed <= {*sys.stdlib_module_names, "tinygrad_edu"}


def test_the_harness_of_this_test_sees_an_import_wherever_it_stands():
    code = (
        "import a.b\nif x:\n  from c import d\ndef f():\n  import e\nif TYPE_CHECKING:\n  import g"
    )
    assert list(imports(ast.parse(code))) == ["a.b", "c.d", "e"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_read_from_a_docstring_which_python_may_leave_out(path):
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    read = [node for node in tree if isinstance(node, ast.Attribute)
            and node.attr in {"__doc__", "getdoc"} and isinstance(node.ctx, ast.Load)]  # fmt: skip
    assert not read


HEAVY = {"numpy", "matplotlib", "hypothesis", "torch", "graphviz"}


def loaded_by(statement):
    """The modules that a fresh interpreter has loaded after a statement."""
    script = f"import sys; {statement}; print(*sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_package_is_imported_without_anything_heavy():
    assert not loaded_by("import tinygrad_edu") & HEAVY


def test_numbers_are_differentiated_without_numpy():
    program = "from tinygrad_edu import Value, tanh; y = tanh(Value(1.0) * 2); y.backward()"
    assert not loaded_by(program) & HEAVY


def test_all_names_what_is_public():
    public = {
        name
        for name, thing in vars(tinygrad_edu).items()
        if not name.startswith("_")
        and not isinstance(thing, ModuleType)
        and not hasattr(typing, name)
    }
    assert public <= set(tinygrad_edu.__all__)
    assert set(dir(tinygrad_edu)) >= set(tinygrad_edu.__all__)
    assert len(set(tinygrad_edu.__all__)) == len(tinygrad_edu.__all__)


@pytest.mark.parametrize("name", tinygrad_edu.__all__)
def test_what_is_public_is_there_and_documented(name):
    assert getattr(tinygrad_edu, name).__doc__


def test_what_is_not_there_is_missed_by_name():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        tinygrad_edu.nothing  # noqa: B018 - the look-up is what raises

"""The order of the imports, the modules that a program loads, and the public names."""

import ast
import graphlib
import importlib
import os
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_edu
import tinygrad_edu.nn
from tinygrad_edu.table import TABLE
from tinygrad_edu.value import Value

PACKAGE = Path(tinygrad_edu.__file__).parent

ORDER = [
    {"operation", "habits"},
    {"table"},
    {"engine"},
    {"recorder"},
    {"copying", "escaping"},
    {"value"},
    {"gradient"},
    {"support"},
    {"formulas"},
    {"drawing", "programs"},
    {"explain", "check"},
    {"exercises"},
    {"pages"},
    {"nn"},
    {"lessons", "testing"},
    {"plugin"},
    {"__init__"},
    {"interop", "cli", "fixtures"},
    {"__main__"},
]
"""A module may import modules of the lines above its own, and no other module of its own line."""
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
CORE = [name for names in ORDER[:7] for name in sorted(names)]
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    """The module or folder directly inside the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_for_type_checkers(node):
    """Whether a statement is ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node):
    """The full names of all modules imported anywhere in the code, but not those for types only."""
    for child in ast.iter_child_nodes(node):
        if is_for_type_checkers(child):
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


def imported_files(path):
    """The files of the package that a file imports anywhere in its code."""
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        while parts[0] == "tinygrad_edu" and len(parts) > 1:
            place = PACKAGE.joinpath(*parts[1:])
            found = [place.with_suffix(".py"), place / "__init__.py"]
            if file := next((file for file in found if file.exists()), None):
                yield file
                break
            parts.pop()


def test_no_imports_form_a_circle():
    before = {path: {*imported_files(path)} - {path} for path in FILES}
    assert [*graphlib.TopologicalSorter(before).static_order()]  # a circle raises CycleError


def test_imported_files_are_found():
    found = {str(path.relative_to(PACKAGE)) for path in imported_files(PACKAGE / "gradient.py")}
    assert {"engine.py", "value.py", "recorder.py"} <= found


@pytest.mark.parametrize("name", CORE)
def test_the_core_needs_nothing_but_python(name):
    tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    needed = {full.partition(".")[0] for full in imports(tree)}
    assert needed <= {*sys.stdlib_module_names, "tinygrad_edu"}


def test_an_import_is_found_anywhere_in_the_code():
    code = (
        "import a.b\nif x:\n  from c import d\ndef f():\n  import e\nif TYPE_CHECKING:\n  import g"
    )
    assert list(imports(ast.parse(code))) == ["a.b", "c.d", "e"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_code_reads_docstrings_which_python_may_remove(path):
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    read = [node for node in tree if isinstance(node, ast.Attribute)
            and node.attr in {"__doc__", "getdoc"} and isinstance(node.ctx, ast.Load)]  # fmt: skip
    assert not read


HEAVY = {"numpy", "matplotlib", "hypothesis", "torch", "graphviz"}


def loaded_by(statement):
    """The modules that a new interpreter has loaded after a statement."""
    script = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return set(done.stdout.split())


READERS = {
    "drawing", "programs", "explain", "exercises", "pages", "check", "lessons", "interop",
    "testing",
}  # fmt: skip
"""The folders and modules of the package that a program which only computes does not need."""

SHOW_OR_CHECK = {
    "assert_gradients", "check_engine", "compare_engines", "derivation", "draw", "draw_network",
    "exercise",
    "first_nonfinite", "first_nonfinite_gradient", "gradcheck", "latex", "paths", "steps",
}  # fmt: skip
COMPUTE = [
    *(f"from tinygrad_edu import {name}" for name in tinygrad_edu.__all__
      if name not in SHOW_OR_CHECK),
    *(f"from tinygrad_edu.nn import {name}" for name in tinygrad_edu.nn.__all__),
]  # fmt: skip
PROGRAMS = [
    "import tinygrad_edu",
    "from tinygrad_edu import Value, tanh; y = tanh(Value(1.0) * 2); y.backward()",
    """from tinygrad_edu import MLP, losses
from tinygrad_edu.nn import SGD, fit
mlp = MLP(1, [1])
fit(mlp, [([1.0], 2.0)], losses.mse, SGD(mlp.parameters()), epochs=2)""",
]


def heavy(modules):
    """Those of the given modules that a program which only computes does not need."""
    inner = {name: name.split(".")[1] for name in modules if name.startswith("tinygrad_edu.")}
    return modules & HEAVY | {name for name in inner if inner[name] in READERS}


@pytest.mark.parametrize("program", [*PROGRAMS, *COMPUTE])
def test_programs_that_compute_load_nothing_that_shows_or_checks(program):
    assert heavy(loaded_by(program)) == set()


def test_a_picture_does_load_modules_that_show():
    assert {"graphviz", "tinygrad_edu.drawing"} <= heavy(loaded_by("from tinygrad_edu import draw"))


def test_a_folder_of_the_package_is_imported_when_it_is_used():
    assert "tinygrad_edu.nn.training" in loaded_by("import tinygrad_edu; tinygrad_edu.nn.fit")


@pytest.mark.parametrize(
    ("package", "name", "ours"),
    [
        ("tinygrad_edu", "no_grad", "mlp.frozen()"),
        ("tinygrad_edu", "fit", "from tinygrad_edu.nn import fit"),
        ("tinygrad_edu.nn", "CrossEntropyLoss", "losses.cross_entropy"),
    ],
)
def test_the_error_for_a_name_from_another_package_says_what_to_write_here(package, name, ours):
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': .*") as of_attribute:
        getattr(module, name)
    with pytest.raises(ImportError) as of_import:
        exec(f"from {package} import {name}")  # noqa: S102 - the statement is what is tested
    assert ours in str(of_attribute.value)
    assert str(of_import.value) == str(of_attribute.value)
    assert not hasattr(module, name)
    assert name not in dir(module)


def test_an_unknown_name_cannot_be_imported():
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'tinygrad_edu'"):
        from tinygrad_edu import nothing  # noqa: F401, PLC0415 - to fail


def test_names_from_other_packages_are_not_listed():
    for module, habits in ((tinygrad_edu, ["no_grad", "tensor", "manual_seed", "SGD", "fit"]),
                           (tinygrad_edu.nn, ["Linear", "Sequential", "MSELoss"])):  # fmt: skip
        assert not set(habits) & set(dir(module))


def test_all_lists_every_public_name():
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


def names_for_type_checkers(path, marker):
    """The names that the blocks ``if TYPE_CHECKING:`` of a file declare."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if is_for_type_checkers(node)]
    found = [child for block in blocks for child in ast.walk(block)]
    imported = [
        alias.name for child in found
        if isinstance(child, ast.ImportFrom) and child.module == marker for alias in child.names
    ]  # fmt: skip
    return imported or [child.name for child in found if isinstance(child, ast.FunctionDef)]


def test_a_type_checker_sees_the_operations_of_the_table():
    functions = [row.name for row in TABLE.values() if not row.code]
    methods = [name for name in functions if not TABLE[name].lists[0]]
    assert names_for_type_checkers("__init__.py", "tinygrad_edu.table") == sorted(functions)
    assert sorted(names_for_type_checkers("value.py", "")) == sorted(methods)
    assert all(callable(getattr(Value, name)) for name in methods)


@pytest.mark.parametrize("name", tinygrad_edu.__all__)
def test_every_public_name_exists_and_is_documented(name):
    assert getattr(tinygrad_edu, name).__doc__


def test_the_error_for_an_unknown_attribute_names_it():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        tinygrad_edu.nothing  # noqa: B018 - the look-up is what raises

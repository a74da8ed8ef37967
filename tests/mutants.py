"""Whether the tests notice a small mistake: mutants of a module, each run against its tests.

A mutant is a module with one thing changed: a comparison, a sign, a number, a condition, or a
statement left out. The tests kill it if one of them fails, or if they do not come to an end. What
survives is printed: a test is missing, or the change makes no difference.

    python tests/mutants.py                         a sample of every module, the same each time
    python tests/mutants.py table.py --seed 1       another sample of one
    python tests/mutants.py check/measure.py --all  all mutants of one
"""

import argparse
import ast
import contextlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy  # noqa: F401, ICN001 - here once, rather than in the process of each mutant
import pytest

ROOT = Path(__file__).parent.parent
REPLAY = ("programs/test_rules", "programs/test_program", "programs/test_plan")
TESTS = {  # after the doctests of a module those that are to kill its mutants, fast ones first
    "engine.py": ("test_exactness", "test_engine", "test_copying", "test_value"),
    "table.py": ("test_exactness", "test_table", "programs/test_rules", "programs/test_program"),
    "value.py": ("support/test_given", "test_value", "test_engine", "test_copying", "test_table"),
    "gradient.py": ("test_exactness", "test_engine", "test_value"),
    "programs/arrays.py": REPLAY,
    "programs/rules.py": REPLAY,
    "programs/graph.py": REPLAY,
    "programs/plan.py": REPLAY,
    "programs/program.py": REPLAY,
    "programs/scalars.py": REPLAY,
    "explain/passes.py": ("explain/test_passes", "pages/test_stepper"),
    "explain/paths.py": ("explain/test_paths", "explain/test_path_pictures"),
    "check/measure.py": ("check/test_measure", "check/test_noise", "check/test_hard_functions"),
    "nn/losses.py": ("nn/test_losses", "nn/test_training"),
    "nn/optimisers.py": ("nn/test_optimisers", "nn/test_training"),
    "nn/equations.py": ("nn/test_equations",),
}
MEMORY = 4 * 2**30
"""Bytes: a loop that a mutant never leaves may collect no more."""

# --- what is changed ------------------------------------------------------------------------------

INSTEAD = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    "min": "max", "max": "min", "all": "any", "any": "all",
}  # fmt: skip
NUMBERS = (int, float)
LEFT_OUT = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


def but(node, **fields):
    """The same node with other fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def instead_of(node):  # noqa: C901 - one kind of change after the other
    """Yield what may stand in the place of a node."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                yield but(node, ops=[*ops[:i], INSTEAD[type(op)](), *ops[i + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in INSTEAD:
            yield but(node, op=INSTEAD[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Name(id=name) if name in INSTEAD:
            yield ast.Name(INSTEAD[name])
        case ast.If(test=test) | ast.IfExp(test=test):
            yield but(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr()):
            yield ast.Return(None)
    if isinstance(node, LEFT_OUT) and not is_text(node):
        yield ast.Pass()


def is_text(statement):
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_overload(statement):
    """Whether a statement speaks to type checkers only."""
    return any(ast.unparse(d) == "overload" for d in getattr(statement, "decorator_list", ()))


def mutants(source):
    """Yield every mutant of a module: its text, and a line that says what was changed where."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not is_overload(node)]
    for parent in list(ast.walk(tree)):
        for field, found in ast.iter_fields(parent):
            if field in {"annotation", "returns"} or getattr(parent, "arg", None) == "strict":
                continue  # no test can see a type, or that zip would notice a mistake of ours
            for i, node in enumerate(found if isinstance(found, list) else [found]):
                for other in instead_of(node):
                    put(parent, field, i, other)
                    says = f"{shown(node)}  ->  {shown(other)}"
                    yield ast.unparse(ast.fix_missing_locations(tree)), f"{node.lineno}: {says}"
                    put(parent, field, i, node)


def put(parent, field, i, node):
    """Put a node in the place of another."""
    found = getattr(parent, field)
    if isinstance(found, list):
        found[i] = node
    else:
        setattr(parent, field, node)


def shown(node):
    """The first line of a node."""
    return ast.unparse(node).partition("\n")[0]


# --- whether it is noticed ------------------------------------------------------------------------


def run(folder, files):
    """Run tests in a folder, in a process of its own; its exit code says whether all passed."""
    os.setsid()  # so that what they start ends with them
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        os._exit(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", *files]))


def passes(folder, files, seconds):
    """Tell whether all tests pass within so many seconds."""
    process = multiprocessing.get_context("fork").Process(target=run, args=(folder, files))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def print_survivors(module, how_many, seed):
    """Print those mutants of a module that its tests let live, and how many were killed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copytree(ROOT / "tinygrad_edu", folder / "tinygrad_edu")
        shutil.copytree(ROOT / "tests", folder / "tests")
        shutil.copy(ROOT / "pyproject.toml", folder)
        target = folder / "tinygrad_edu" / module
        files = [str(target), *(f"tests/{test}.py" for test in TESTS[module])]
        source = target.read_text(encoding="utf-8")
        target.write_text(ast.unparse(ast.parse(source)), encoding="utf-8")
        start, sys.dont_write_bytecode = time.monotonic(), False
        if not passes(folder, files, None):
            sys.exit(f"{module}: its tests fail without any change")
        sys.dont_write_bytecode = True  # of a mutant it might be taken for that of the next one
        limit = 10 + 2 * (time.monotonic() - start)
        found, alive = [*mutants(source)], 0
        if how_many is not None and how_many < len(found):
            found = random.Random(seed).sample(found, how_many)
        for text, change in found:
            target.write_text(text, encoding="utf-8")
            if passes(folder, files, limit):
                alive += 1
                print(f"{module}:{change}", flush=True)
    print(f"{module}: {len(found) - alive} of {len(found)} killed", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=[*TESTS], help="as check/measure.py")
    parser.add_argument("--sample", type=int, default=25, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--all", action="store_true", help="rather than a sample")
    options = parser.parse_args()
    os.environ["CI"] = "1"  # so that Hypothesis draws the same examples each time
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for name in options.modules:
        print_survivors(name, None if options.all else options.sample, options.seed)

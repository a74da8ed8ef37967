"""Execute the notebooks: each ``NN_title.py`` beside this file becomes ``NN_title.ipynb``.

    python notebooks/build.py          build all notebooks
    python notebooks/build.py 01 05    build those whose names begin with 01 or 05
    python notebooks/build.py --check  write nothing; print how notebooks differ from their scripts

The scripts are the sources, in the percent format of Jupytext. A script always gives the same
bytes, at any time and in any folder. Pictures may differ slightly between machines, so ``--check``
compares the cells and their text outputs, but not the pictures.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 120  # time limit for one cell
KERNEL_ARGUMENTS = [
    "--log-level=ERROR",
    # Leave the version of Matplotlib out of the pictures.
    "--InlineBackend.print_figure_kwargs={'bbox_inches': 'tight', 'metadata': {'Software': None}}",
]


def scripts(names: list[str]) -> list[Path]:
    """Return the scripts whose names begin with one of ``names``; without names, all scripts."""
    found = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    for name in names:
        if not any(path.name.startswith(name) for path in found):
            stems = ", ".join(path.stem for path in found)
            message = f"build: no notebook name begins with {name!r}; the notebooks are {stems}"
            raise SystemExit(message)
    return [path for path in found if not names or path.name.startswith(tuple(names))]


def read(script: Path) -> NotebookNode:
    """Return the notebook of a script without executing it."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = NotebookNode()
    return notebook


def executed(script: Path) -> NotebookNode:
    """Return the notebook of a script, executed by a new kernel in this folder.

    If a cell raises an exception, print its traceback and end the program.
    """
    if "import torch" in script.read_text(encoding="utf-8") and not find_spec("torch"):
        message = f'{script.name} needs PyTorch: run python -m pip install -e ".[torch]"'
        raise SystemExit(message)
    notebook = read(script)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS,
        record_timing=False,
        coalesce_streams=True,  # otherwise the number of pieces of printed text varies
        extra_arguments=KERNEL_ARGUMENTS,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    # Without PATH no installed dot is found, so graphviz-pure draws on every machine.
    environment = {key: os.environ[key] for key in os.environ if key not in {"PATH", "MPLBACKEND"}}
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        message = f"{script.name}: {error}"
        raise SystemExit(message) from None
    notebook.metadata = nbformat.from_dict(METADATA)  # because the kernel adds its version
    return notebook


def text_of(notebook: NotebookNode) -> Iterator[str]:
    """Yield the lines of a notebook that no machine changes: sources and text outputs."""
    for number, cell in enumerate(notebook.cells, start=1):
        yield f"--- {cell.cell_type} cell {number} ---"
        yield from cell.source.splitlines()
        for output in cell.get("outputs", []):
            kind = output.get("name", output.output_type)
            shown = output.get("data", {"text/plain": output.get("text", "")})
            for mime in sorted(shown):
                yield f"--- {kind}, {mime} ---"
                if mime in {"text/plain", "text/latex", "text/markdown"}:
                    yield from shown[mime].splitlines()


def difference(script: Path) -> str:
    """Return a diff between the committed notebook and the executed script; "" if they agree."""
    path = script.with_suffix(".ipynb")
    if not path.exists():
        return f"{path.name} does not exist\n"
    kept, built = nbformat.read(path, as_version=4), executed(script)
    lines = difflib.unified_diff(
        list(text_of(kept)),
        list(text_of(built)),
        path.name,
        f"{script.name}, executed",
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    """Build or check the notebooks that are given; return 1 if a check finds a difference."""
    parser = argparse.ArgumentParser(description="Execute the notebooks.")
    parser.add_argument("names", nargs="*", help="how the names begin, such as 01; default: all")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    arguments = parser.parse_args()
    differences = 0
    for script in scripts(arguments.names):
        if arguments.check:
            found = difference(script)
            differences += bool(found)
            sys.stdout.write(found or f"{script.stem}: up to date\n")
        else:
            nbformat.write(executed(script), script.with_suffix(".ipynb"))
            sys.stdout.write(f"{script.stem}: built\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

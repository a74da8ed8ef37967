"""What happens where PyTorch is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu import interop

WITHOUT = "import sys; sys.modules['torch'] = None\n"
ADVICE = 'ImportError: tinygrad_edu.interop needs PyTorch: pip install "tinygrad_edu[torch]"'


def run(program):
    package = str(Path(tinygrad_edu.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": package},
    )  # fmt: skip


def test_the_folder_is_imported_and_says_what_is_in_it():
    done = run(f"{WITHOUT}import tinygrad_edu.interop; print(*dir(tinygrad_edu.interop))")
    assert done.returncode == 0
    assert set(done.stdout.split()) >= set(interop.__all__)


@pytest.mark.parametrize("name", interop.__all__)
def test_what_needs_torch_says_so(name):
    done = run(f"{WITHOUT}from tinygrad_edu.interop import {name}")
    assert done.stderr.splitlines()[-1] == ADVICE


def test_torch_is_not_loaded_before_it_is_asked_for():
    done = run("import sys, tinygrad_edu.interop; print('torch' in sys.modules)")
    assert done.stdout == "False\n"


def test_what_is_not_there_is_missed_by_name():
    with pytest.raises(AttributeError, match=r"'tinygrad_edu.interop' has no attribute 'nothing'"):
        interop.nothing  # noqa: B018 - the look-up is what raises

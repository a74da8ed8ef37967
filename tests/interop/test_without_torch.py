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


def test_the_package_can_be_imported_and_lists_its_names():
    done = run(f"{WITHOUT}import tinygrad_edu.interop; print(*dir(tinygrad_edu.interop))")
    assert done.returncode == 0
    assert set(done.stdout.split()) >= set(interop.__all__)


@pytest.mark.parametrize("name", interop.__all__)
def test_a_function_that_needs_torch_says_so(name):
    done = run(f"{WITHOUT}from tinygrad_edu.interop import {name}")
    assert done.stderr.splitlines()[-1] == ADVICE


def test_torch_is_not_loaded_before_it_is_used():
    done = run("import sys, tinygrad_edu.interop; print('torch' in sys.modules)")
    assert done.stdout == "False\n"


def test_a_missing_name_is_reported():
    with pytest.raises(AttributeError, match=r"'tinygrad_edu.interop' has no attribute 'nothing'"):
        interop.nothing  # noqa: B018 - the look-up is what raises

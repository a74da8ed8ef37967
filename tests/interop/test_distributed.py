"""The example in two processes on this machine, compared with one process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu

pytest.importorskip("torch")

from tinygrad_edu.interop import distributed

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def printed_by_two():
    """What the example prints in two processes, started as torchrun starts them."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(tinygrad_edu.__file__).parents[1]),
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *TORCHRUN, "-m", distributed.__name__],
        check=True, capture_output=True, text=True, env=environment, timeout=300,
    )  # fmt: skip
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the loopback is lo on Linux")
def test_two_processes_print_the_losses_of_one(capsys, monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    distributed.main()
    one = capsys.readouterr().out.splitlines()
    two = printed_by_two().splitlines()
    assert len(one) == len(two) == 5 + 20 + 1  # the first process alone prints
    losses = [[float(x) for x in re.findall(r"loss (\S+)", "\n".join(run))] for run in (one, two)]
    # Sums of 40 terms are added in another order; 60 steps amplify the difference.
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)
    assert losses[0][-1] < losses[0][5] < losses[0][0]  # it learns here, and goes on there
    assert one[-1] == two[-1]  # of the network that has come back

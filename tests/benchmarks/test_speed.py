import re
import subprocess
import sys
from pathlib import Path

SPEED = Path(__file__).with_name("speed.py")
SLOW_TO_IMPORT = ("autograd", "torch", "jax")


def test_every_benchmark_runs_and_all_engines_agree_on_its_result():
    # They are compared before anything is timed; one that disagrees ends the run.
    command = [sys.executable, SPEED, "--quick", "--without", *SLOW_TO_IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    heads = re.findall(r"^\| (\w+)[^|]*\|.*\n\| ---", done.stdout, re.MULTILINE)
    assert set(heads) == {"W1", "W2", "W3", "W4", "graph", "memory", "microgpt"}
    rows = re.findall(r"^\| (\S[^|]*) \|", done.stdout, re.MULTILINE)
    assert {"micrograd", "microgpt-style", "tinygrad_edu", "NumPy by hand"} <= set(rows)
    assert "The story: 20 epochs" in done.stdout

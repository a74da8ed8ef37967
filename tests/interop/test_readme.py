import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

README = Path(__file__).parents[2] / "README.md"


def test_the_lines_on_torch_in_the_readme_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [block for block in blocks if ">>>" not in block]  # the others are doctests
    assert any("to_torch" in block for block in lines)
    for block in lines:
        exec(block, {})  # noqa: S102 - it is our own

"""The pytest fixture ``check_gradients``, which every test can ask for once this is installed.

A test takes it as an argument::

    def test_my_loss(check_gradients):
        check_gradients(my_loss, 0.5, [1.0, 2.0])
        check_gradients(numpy_loss, weights, gradient=numpy_gradient)

A test that fails shows the table of the report.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

__all__ = ["check_gradients"]


@pytest.fixture(scope="session")  # Hypothesis refuses fixtures that are made for each test
def check_gradients() -> Callable[..., None]:
    """Return :func:`~tinygrad_edu.assert_gradients`: a check that fails with a table."""
    from tinygrad_edu import assert_gradients  # noqa: PLC0415 - loaded when a test asks for it

    return assert_gradients

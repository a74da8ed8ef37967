"""The exercise of the lecture (A9), for all tests of exercises."""

import pytest

from tinygrad_edu.exercises.exercise import exercise
from tinygrad_edu.lessons import worked_example


@pytest.fixture
def sheet():
    return exercise(worked_example.forward().loss)

"""Interactive pages: the stepper for both passes, and the worksheet for an exercise."""

from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.explain.passes import Steps
from tinygrad_edu.pages import stepper, worksheet
from tinygrad_edu.support.showing import PAGES

PAGES[Steps] = stepper
PAGES[Exercise] = worksheet

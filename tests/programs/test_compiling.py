"""Generated functions: tracebacks show their lines, and dead programs leave nothing behind."""

import gc
import inspect
import linecache
import math
import traceback

import pytest

from tinygrad_edu import Value
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs import replay
from tinygrad_edu.programs.compiling import compiled


def generated_files():
    return {file for file in linecache.cache if file.startswith("<replay")}


@pytest.mark.parametrize("examples", [1, 1000])
def test_a_traceback_shows_the_line_of_the_program(examples):
    def forward(x):
        if recorded:
            raise RuntimeError
        return math.atan(x)

    def array(numpy, x):
        if numpy.isfinite(x).all():  # not while it is tried on nan
            raise RuntimeError
        return numpy.arctan(x)

    recorded = False
    broken = Operation(
        "broken", "It fails when it is run again.", forward=forward, array=array,
        partials=lambda y, x: (1 / (1 + x * x),), symbol="?", latex="?")  # fmt: skip
    x, w = Value(1.0), Value(2.0)
    loss = broken(w * x)
    loss.label = "L"
    recorded = True
    with pytest.raises(RuntimeError) as raised:
        replay(loss, [x], [w])([[0.5]] * examples)
    frames = traceback.extract_tb(raised.value.__traceback__)
    [frame] = [frame for frame in frames if frame.filename.startswith("<replay of L, forward")]
    assert frame.name == "forward"
    assert "f_broken(" in frame.line
    assert frame.line in "".join(traceback.format_exception(raised.value))


def test_a_debugger_finds_the_text_of_a_program():
    x, w = Value(1.0), Value(2.0)
    program = replay((w * x).tanh(), [x], [w])
    for function in (*program.arrays.forward, *program.arrays.backward):
        assert inspect.getsource(function) in program.source
    linecache.checkcache()  # which drops entries of files that are not on the disk
    lines, first = inspect.getsourcelines(program.scalars.backward[0])
    assert lines[0] == "def backward(F, G, V, A):\n"
    assert first == 1


def test_a_dead_program_leaves_no_lines_behind():
    def make():
        x, w = Value(1.0), Value(2.0)
        program = replay((w * x).tanh(), [x], [w])
        return program, program.arrays, program.scalars

    gc.collect()
    before = generated_files()
    program = make()
    assert len(generated_files() - before) == 4  # forward and backward, twice
    gc.disable()  # there is no reference cycle, either
    try:
        del program
        for _ in range(20):
            make()
        assert generated_files() == before
    finally:
        gc.enable()


def test_a_traceback_keeps_the_lines_of_a_program_that_is_gone():
    def run():
        compiled("forward", ["1 / 0"], {}, "replay of L")(None, None, None, None)

    with pytest.raises(ZeroDivisionError) as raised:
        run()
    assert traceback.extract_tb(raised.value.__traceback__)[-1].line == "1 / 0"


def test_programs_of_one_title_do_not_share_their_lines():
    functions = [compiled("forward", [line], {}, "replay of L") for line in ("V", "A")]
    bodies = [inspect.getsourcelines(function)[0][1].strip() for function in functions]
    assert bodies == ["V", "A"]

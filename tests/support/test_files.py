"""Files are written completely, or the old files stay."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Value, draw, exercise, steps
from tinygrad_edu.cli import main
from tinygrad_edu.nn import Module
from tinygrad_edu.support import files

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as in POSIX")


def graph(label="a"):
    a = Value(2.0, label=label)
    return a * a + 1


class Line(Module):
    def __init__(self, label="slope"):
        self.slope = Value(2.0, label)

    def parameters(self):
        return [self.slope]


WRITERS = {
    "write.txt": lambda path: files.write(path, "text " * 1000),
    "steps.html": lambda path: steps(graph()).to_html(path),
    "exercise.html": lambda path: exercise(graph()).to_html(path),
    "sheet.html": lambda path: exercise(graph()).to_html(path, printed=True),
    "exercise.json": lambda path: exercise(graph()).to_json(path),
    "network.json": lambda path: MLP(2, [20, 1], seed=0).save(path),
    "picture.svg": lambda path: draw(graph()).save(path),
    "picture.png": lambda path: draw(graph()).render(path),
    "picture.dot": lambda path: draw(graph()).save(path),
}
"""Everything in the package that writes a file, by an example of a file name."""


@pytest.fixture(params=WRITERS)
def writer(request):
    return WRITERS[request.param]


@pytest.fixture
def file(request, tmp_path):
    """Return a file that exists already, in a folder of its own."""
    path = tmp_path / request.node.callspec.params["writer"]
    path.write_text("old", encoding="utf-8")
    return path


def in_folder(path):
    return [file.name for file in path.parent.iterdir()]


def test_a_new_file_takes_the_place_of_the_old_one(writer, file):
    writer(file)
    assert file.stat().st_size > 100
    assert in_folder(file) == [file.name]
    writer(str(file))
    assert in_folder(file) == [file.name]


def test_a_disk_that_is_full_leaves_the_old_file_and_names_it(writer, file):
    resource = pytest.importorskip("resource")  # Windows has none
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises((OSError, RuntimeError)) as error:  # the program dot may need space, too
            writer(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if isinstance(error.value, OSError):
        assert error.value.filename == str(file)
    assert file.read_text(encoding="utf-8") == "old"
    assert in_folder(file) == [file.name]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_an_interrupt_leaves_the_old_file(writer, file, monkeypatch, error):
    def interrupted(*_):
        raise error

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(error):
        writer(file)
    assert file.read_text(encoding="utf-8") == "old"
    assert in_folder(file) == [file.name]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_an_old_file_stays(writer, file, mode):
    file.chmod(mode)
    writer(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_gets_what_the_umask_allows(writer, file, umask, mode):
    file.unlink()
    before = os.umask(umask)
    try:
        writer(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix
def test_a_new_file_has_the_mode_of_the_old_one_before_it_has_content(tmp_path, monkeypatch):
    path, modes = tmp_path / "secret", []
    path.write_text("old", encoding="utf-8")
    path.chmod(0o600)
    writing = Path.write_bytes

    def watched(self, data):
        modes.append(stat.S_IMODE(self.stat().st_mode))
        return writing(self, data)

    monkeypatch.setattr(Path, "write_bytes", watched)
    files.write(path, "new")
    assert modes == [0o600]


@posix
def test_a_link_is_followed(writer, file):
    target = file.parent / "folder" / f"target{file.suffix}"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    writer(file)
    assert file.is_symlink()
    assert target.stat().st_size > 100
    target.unlink()
    writer(file)  # the target does not exist now, and is created
    assert target.stat().st_size > 100
    assert in_folder(target) == [target.name]


@posix
def test_a_circle_of_links_is_an_error_and_is_kept(tmp_path):
    link = tmp_path / "a"
    link.symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links"):
        files.write(link, "text")
    assert link.is_symlink()


def test_a_folder_is_an_error_and_is_kept(writer, file):
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match=file.name):
        writer(file)
    assert file.is_dir()
    assert in_folder(file) == [file.name]


def test_threads_can_write_the_same_file(tmp_path):
    path, failed = tmp_path / "x.json", []

    def save(seed):
        try:
            for _ in range(25):
                MLP(2, [10, 1], seed=seed).save(path)
                json.loads(path.read_text(encoding="utf-8"))
        except BaseException as error:  # noqa: BLE001 - the main thread checks it
            failed.append(error)

    threads = [threading.Thread(target=save, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert in_folder(path) == ["x.json"]


@posix
@pytest.mark.parametrize("kind", ["a pipe", "a file"])
def test_standard_output_is_written_to(tmp_path, kind):
    program = (
        "from tinygrad_edu import Value, draw, steps; y = Value(2.0) * 3; "
        "print('before', flush=True); steps(y).to_html('/dev/stdout'); "
        "draw(y).render(outfile='/dev/stdout', format='svg'); draw(y).render('/dev/stdout'); "
        "draw(y).render('/dev/null')"
    )
    out = subprocess.PIPE if kind == "a pipe" else (tmp_path / "out").open("w+b")
    done = subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    said = done.stdout if kind == "a pipe" else (tmp_path / "out").read_bytes()
    if kind == "a file":
        out.close()
    assert said.startswith(b"before\n<!doctype html>")
    assert said.count(b"<?xml") == 2
    assert said.rstrip().endswith(b"</svg>")


@posix
def test_a_named_pipe_is_written_to_and_is_kept(tmp_path):
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    files.write(path, "text")
    reader.join()
    assert read == [b"text"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full_is_an_error():
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        files.write("/dev/full", "text")


def test_an_error_names_the_requested_file(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        files.write(tmp_path / "nowhere" / "x.txt", "text")
    assert error.value.filename == str(tmp_path / "nowhere" / "x.txt")


# --- half of a surrogate pair ---------------------------------------------------------------------


@pytest.mark.parametrize("lone", ["\ud800", "a\udfff", "\udc00\ud800b"])
def test_half_of_a_surrogate_pair_in_a_label_is_replaced(tmp_path, lone):
    y = graph(lone)
    shown = files.encodable(lone)
    steps(y).to_html(tmp_path / "a.html")
    exercise(y).to_html(tmp_path / "b.html")
    exercise(y).to_html(tmp_path / "c.html", printed=True)
    draw(y).save(tmp_path / "d.svg")
    draw(y).save(tmp_path / "e.dot")
    for file in tmp_path.iterdir():
        assert shown in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("lone", ["\ud800", "a\udfff"])
def test_everything_that_a_notebook_shows_can_be_encoded(lone):
    for shown in (steps(graph(lone)), exercise(graph(lone)), draw(graph(lone))):
        for content in shown._repr_mimebundle_().values():
            content.encode()


@pytest.mark.parametrize("lone", ["\ud800", "a\udfff"])
def test_half_of_a_surrogate_pair_can_be_written_as_json(tmp_path, lone):
    path = tmp_path / "x.json"
    written = exercise(graph(lone)).to_json(path)
    assert path.read_text(encoding="utf-8") == f"{written}\n"
    shown = lone.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")
    assert any(shown in question["name"] for question in json.loads(written)["questions"])
    line = Line(lone)
    line.save(path)
    line.slope.data = 0.0
    line.load(path)
    assert line.slope.data == 2.0


@given(st.text(st.characters()))
def test_text_without_half_of_a_surrogate_pair_stays_as_it_is(text):
    files.encodable(text).encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert files.encodable(text) != text
    else:
        assert files.encodable(text) == text
    assert json.loads(files.surrogates_escaped(json.dumps(text, ensure_ascii=False))) == text


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["svg", "png", "dot", "html"])
def test_demo_leaves_the_old_picture_if_it_fails(tmp_path, monkeypatch, capsys, ending):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"x.{ending}"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "replace", full)
    assert main(["demo", "-o", str(path)]) == 1
    assert f"{path}: No space left on device" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "old"
    assert in_folder(path) == [path.name]

"""Files that the package writes: whole, or not at all.

Everything that writes a file calls :func:`write`. A disk that is full, an interrupt, or an error
on the way leaves the old file as it was, and no other file beside it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

Name: TypeAlias = "str | os.PathLike[str]"

STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""Names that lead to what somebody has open: it may be a file, and must not be replaced."""


def write(path: Name, content: str | bytes) -> None:
    """Write a file: either all of the content is there, or the old file stays.

    The content goes to another name in the same folder, which then takes the place of the old file.
    An old file keeps its mode (0600 stays 0600), a new one gets what the umask allows. A link is
    followed. What is not a file on a disk, such as ``/dev/stdout`` or a pipe, is written directly.

    Args:
        path: the file.
        content: bytes, or text to encode as UTF-8.

    Raises OSError, which names ``path``, if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/x.txt", "first")
    ...     write(f"{folder}/x.txt", "second")
    ...     [(file.name, file.read_text()) for file in Path(folder).iterdir()]
    [('x.txt', 'second')]
    """
    data = encodable(content).encode() if isinstance(content, str) else content
    try:
        if is_stream(path):
            with Path(path).open("ab") as stream:
                stream.write(data)
        else:
            replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        if error.errno is not None:  # what went wrong is said of the file that was asked for
            error.filename, error.filename2 = os.fspath(path), None
        raise


def replace(path: Path, data: bytes) -> None:
    """Put a new file in the place of the old one, if there is one."""
    old = None
    with suppress(FileNotFoundError):
        old = path.stat()
    unfinished = path.with_name(f".{uuid4().hex}.part")
    try:
        unfinished.touch(0o600 if old else 0o666, exist_ok=False)
        unfinished.write_bytes(data)
        if old:
            with suppress(OSError, AttributeError):  # others' files: where the system allows it
                os.chown(unfinished, old.st_uid, old.st_gid)
            unfinished.chmod(stat.S_IMODE(old.st_mode))
        os.replace(unfinished, path)  # noqa: PTH105 - tests interrupt it, in every Python
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def is_stream(path: Name) -> bool:
    """Tell whether a name leads to a terminal, a pipe or a device, not to a file on a disk.

    >>> is_stream(os.devnull), is_stream("picture.svg")
    (True, False)
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return False
    on_disk = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    return not on_disk or str(Path(path).absolute()).startswith(STREAMS)


def encodable(text: str) -> str:
    r"""Return text with U+FFFD for each half of a surrogate pair, which no encoding has.

    >>> encodable("a\ud800b"), encodable("\ud83d\ude00")
    ('a�b', '😀')
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def escaped(json: str) -> str:
    r"""Return JSON with an escape for each half of a surrogate pair, so that it is read back.

    >>> print(escaped('"a\ud800b"'))
    "a\ud800b"
    """
    return json.encode("utf-8", "backslashreplace").decode()

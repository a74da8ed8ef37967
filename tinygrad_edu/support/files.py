"""Files that the package writes: completely, or not at all.

All code that writes a file calls :func:`write`. If the disk is full, or if an interrupt or another
error stops the writing, the old file stays as it was, and no other file is left beside it.
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
"""Names of streams that a program has open. A stream may be a file, but must not be replaced."""


def write(path: Name, content: str | bytes) -> None:
    """Write a file completely, or leave the old file as it was.

    The content is written to a temporary file in the same folder, which then replaces the old file.
    An existing file keeps its mode (0600 stays 0600); a new file gets the mode that the umask
    allows. Links are followed. A stream such as ``/dev/stdout`` or a pipe is written directly.

    Args:
        path: the file.
        content: bytes, or text, which is encoded as UTF-8.

    Raises OSError, with ``path`` in its message, if the file cannot be written.

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
        if error.errno is not None:  # the message must name this file, not the temporary one
            error.filename, error.filename2 = os.fspath(path), None
        raise


def replace(path: Path, data: bytes) -> None:
    """Write a new file and put it in the place of the old one, if there is an old one."""
    old = None
    with suppress(FileNotFoundError):
        old = path.stat()
    unfinished = path.with_name(f".{uuid4().hex}.part")
    try:
        unfinished.touch(0o600 if old else 0o666, exist_ok=False)
        unfinished.write_bytes(data)
        if old:
            with suppress(OSError, AttributeError):  # some systems do not allow a change of owner
                os.chown(unfinished, old.st_uid, old.st_gid)
            unfinished.chmod(stat.S_IMODE(old.st_mode))
        os.replace(unfinished, path)  # noqa: PTH105 - tests interrupt it, in every Python
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def is_stream(path: Name) -> bool:
    """Tell whether a name leads to a terminal, a pipe or a device instead of a file on a disk.

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
    r"""Replace each lone half of a surrogate pair by U+FFFD, because no encoding can write it.

    >>> encodable("a\ud800b"), encodable("\ud83d\ude00")
    ('a�b', '😀')
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def surrogates_escaped(json: str) -> str:
    r"""Escape each lone half of a surrogate pair in JSON, so that reading restores it.

    >>> print(surrogates_escaped('"a\ud800b"'))
    "a\ud800b"
    """
    return json.encode("utf-8", "backslashreplace").decode()

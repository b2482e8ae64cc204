"""Finds the submissions in a folder, and reads notebooks without trusting that they are any."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST = 25 << 20
"""Bytes of a notebook; plots make some honest ones large."""
_NOT_SUBMISSIONS = re.compile(r"\..*|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)


class Unreadable(Exception):
    """Why there is nothing to grade."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment."""

    student: str
    assignment: str
    """The name of its folder; "" if the student has none."""
    notebook: Path | None
    problem: str = ""
    """Why there is no notebook."""


def collect(folder: Path) -> Iterator[Submission]:
    """`folder`/<student>/<assignment>/<notebook>.ipynb, in the order of their names; what is not so comes with a problem."""
    for student in _entries(folder):
        problem = _not_a_folder(student)
        assignments = [] if problem else _entries(student)
        if not assignments:
            yield Submission(student.name, "", None, problem or "there is no folder of an assignment")
        for assignment in assignments:
            try:
                yield Submission(student.name, assignment.name, _notebook(assignment))
            except Unreadable as reason:
                yield Submission(student.name, assignment.name, None, str(reason))


def _entries(folder: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(folder) if not _NOT_SUBMISSIONS.fullmatch(name)]
    except OSError:
        return []
    return [folder / name for name in sorted(names, key=os.fsencode)]


def _not_a_folder(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if stat.S_ISLNK(mode):
        return "it is a symbolic link, which is not followed"
    if not stat.S_ISDIR(mode):
        return "it is no folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else "it cannot be read (permission denied)"


def _notebook(folder: Path) -> Path:
    if problem := _not_a_folder(folder):
        raise Unreadable(problem)
    notebooks = [path for path in _entries(folder) if path.suffix.lower() == ".ipynb"]
    by_name = [path for path in notebooks if path.stem == folder.name]
    if not notebooks:
        raise Unreadable("there is no notebook in the folder")
    if len(by_name or notebooks) > 1:
        raise Unreadable(f"there are {len(notebooks)} notebooks in the folder, and none is called {folder.name}.ipynb")
    return (by_name or notebooks)[0]


def read_notebook(path: Path) -> bytes:
    """The bytes of a notebook, read once. Raises Unreadable."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink():
            raise Unreadable("the notebook is a symbolic link, which is not followed")
        descriptor = os.open(path, flags)
    except OSError as error:
        raise Unreadable(f"the notebook cannot be read ({error.strerror})") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise Unreadable("the notebook is no ordinary file")
    with open(descriptor, "rb") as file:
        if found.st_size > LARGEST:
            raise Unreadable(f"the notebook has {found.st_size / 1e6:.0f} MB; more than {LARGEST >> 20} MB are not read")
        try:
            return file.read(LARGEST + 1)
        except OSError as error:
            raise Unreadable(f"the notebook cannot be read ({error.strerror})") from None

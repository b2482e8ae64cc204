"""Makes the notebooks that students get from those with solutions: python tests/release_assignments.py [assignment ...]

It is nbgrader's own generate_assignment, without a gradebook, from notebooks/coursework/source into …/release.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import tempfile
from pathlib import Path

COURSE = Path(__file__).parents[1] / "notebooks" / "coursework"


def assignments() -> list[str]:
    """The names of those that have a source."""
    return sorted(path.parent.name for path in COURSE.glob("source/*/*.ipynb") if path.stem == path.parent.name)


def release(names: list[str], out: Path) -> None:
    """Make out/<assignment>/<assignment>.ipynb of each of them; what was there before is replaced."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(COURSE / "source", Path(root) / "source", ignore=shutil.ignore_patterns(".*"))
        for name in names:
            config = Config()
            config.CourseDirectory.root = root
            config.CourseDirectory.assignment_id = name
            config.GenerateAssignment.no_database, config.SaveCells.enabled = True, False
            converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
            converter.start()
            made = Path(root) / "release" / name
            shutil.rmtree(out / name, ignore_errors=True)
            shutil.copytree(made, out / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignments", nargs="*", help="names; without any, all")
    names = parser.parse_args().assignments or assignments()
    with tempfile.TemporaryDirectory() as folder:
        release(names, Path(folder))
        for name in names:
            new, old = Path(folder) / name, COURSE / "release" / name
            files = [str(path.relative_to(new)) for path in new.rglob("*") if path.is_file()]
            same, _, _ = filecmp.cmpfiles(new, old, files, shallow=False)
            if len(same) < len(files):
                shutil.rmtree(old, ignore_errors=True)
                shutil.copytree(new, old)
            print(old, "unchanged" if len(same) == len(files) else "made anew")


if __name__ == "__main__":
    main()

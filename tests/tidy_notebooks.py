"""Brings notebooks into the form in which they are committed: python tests/tidy_notebooks.py [--run] [notebook ...]

Without names, all of the course's. Outputs are kept in cells tagged nbval-check-output and nowhere else, because only there
does a test compare them; --run executes the notebook first, and so records them anew.
"""

from __future__ import annotations

import argparse
import copy
import uuid
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "jupyter", "nbgrader"}


def course_notebooks() -> list[Path]:
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def is_checked(cell: nbformat.NotebookNode) -> bool:
    return "nbval-check-output" in cell.metadata.get("tags", [])


def of_the_machine(output: nbformat.NotebookNode) -> bool:
    """What tells how far a long exploration is, which depends on the machine: stderr, or a display that is empty in the end."""
    return output.get("name") == "stderr" or (output.output_type == "display_data" and not any(output.data.values()))


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without what differs from author to author and from run to run."""
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    ids = set()
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("id") is None or cell.id in ids:
            cell["id"] = uuid.uuid4().hex[:8]
        ids.add(cell.id)
        cell.source = cell.source.rstrip()
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in cell.metadata if key in CELL_METADATA})
        if cell.cell_type == "code":
            # nbval compares only what was run, and tells that by the count.
            keep = is_checked(cell) and cell.outputs
            cell.execution_count = number if keep else None
            cell.outputs = [output for output in cell.outputs if not of_the_machine(output)] if keep else []
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = number
    return notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true", help="execute first")
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args()
    for path in options.notebooks or course_notebooks():
        notebook = nbformat.read(path, as_version=4)
        if options.run:
            from nbclient import NotebookClient

            NotebookClient(notebook, timeout=120, coalesce_streams=True, resources={"metadata": {"path": path.parent}}).execute()
        tidied = tidy(notebook)
        before = path.read_text(encoding="utf-8")
        nbformat.write(tidied, path)
        print(path, "unchanged" if path.read_text(encoding="utf-8") == before else "tidied")


if __name__ == "__main__":
    main()

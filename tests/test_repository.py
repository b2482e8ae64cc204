"""The files around the course: they agree with each other, and the tools that read them accept them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"dask-core": "dask", "matplotlib-base": "matplotlib"}  # without what a notebook does not use

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
TESTED = dict(line.split("=") for line in CONDA if isinstance(line, str) and "=" in line)


def names(lines: list[str]) -> dict[str, Requirement]:
    return {(requirement := Requirement(line)).name: requirement for line in lines}


def extras_on_binder() -> list[str]:
    [editable] = next(line["pip"] for line in CONDA if isinstance(line, dict))
    return re.fullmatch(r"-e \.\[([\w,]+)\]", editable)[1].split(",")


def test_conda_tests_what_pip_installs():
    needed = names(PROJECT["dependencies"] + [line for extra in extras_on_binder() for line in EXTRAS[extra]])
    tested = {CONDA_NAMES.get(name, name): version for name, version in TESTED.items()}
    assert SpecifierSet(PROJECT["requires-python"]).contains(tested.pop("python"))
    assert tested.keys() == needed.keys()
    too_old = {name: version for name, version in tested.items() if not needed[name].specifier.contains(version)}
    assert not too_old, f"environment.yml names versions that pyproject.toml refuses: {too_old}"


def test_dependencies_have_lower_bounds_and_no_others():
    requirements = names(PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra])
    requirements.pop("kitchen-helpers")
    bounds = {name: {part.operator for part in requirement.specifier} for name, requirement in requirements.items()}
    assert {name: operators for name, operators in bounds.items() if operators != {">="}} == {}


def tracked() -> list[str]:
    git = shutil.which("git")
    done = git and subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if not done or done.returncode != 0:
        pytest.skip("git does not know this folder")
    return done.stdout.splitlines()


def test_nothing_is_committed_that_a_machine_makes():
    # (a binder folder is none, but would hide environment.yml)
    generated = r"\.lock$|-lock\.|\.pyc$|\.egg-info|ipynb_checkpoints|^\.venv|^\.?binder/"
    assert [name for name in tracked() if re.search(generated, name)] == []


def test_links_of_the_papers_lead_somewhere():
    for paper in (name for name in tracked() if re.fullmatch(r"[^/]+\.md", name)):
        for target in re.findall(r"\]\(([^):#\s]+)[)#]", (ROOT / paper).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{paper} links to {target}, which does not exist"


def test_the_map_links_the_notebooks_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) \| (?:\[[^]]+\]\(notebooks/([^)]+)\))?", readme, re.MULTILINE)
    linked = {name for _, name in rows if name}
    there = {Path(name).name for name in tracked() if re.fullmatch(r"notebooks/[^/]+\.ipynb", name)}
    assert linked == there, "link each notebook, and only those, in the table of README.md"


def test_binder_accepts_the_repository(tmp_path):
    for name in ("environment.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    who = ["--user-id", "1000", "--user-name", "jovyan"]  # repo2docker refuses to build for root
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", *who, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    dockerfile = done.stdout + done.stderr
    # Our package is copied before the environment that installs it is made.
    assert 0 < dockerfile.index("COPY --chown=1000:1000 src/") < dockerfile.index('--file "environment.yml"')


# The set-up: which Python .ci/venv takes, and what it says when there is none

posix = pytest.mark.skipif(os.name == "nt", reason="make and sh are for the others; the README has Windows's lines")


@pytest.fixture
def venv(tmp_path):
    """Runs .ci/venv in a copy of the repository, with nothing but these commands on the PATH."""
    (tmp_path / "repo" / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "venv", tmp_path / "repo" / ".ci")
    (tmp_path / "repo" / "pyproject.toml").touch()
    commands = tmp_path / "commands"
    commands.mkdir()
    for tool in ("sh", "dirname", "cat", "touch"):
        (commands / tool).symlink_to(shutil.which(tool))

    def run(environment=(), **pythons: str) -> subprocess.CompletedProcess[str]:
        for name, script in pythons.items():
            (commands / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n")
            (commands / name.replace("_", ".")).chmod(0o755)
        variables = {"PATH": str(commands), **dict(environment)}
        command = ["sh", ".ci/venv", "lab"]
        return subprocess.run(command, cwd=tmp_path / "repo", env=variables, capture_output=True, text=True)

    return run


OLD = """case "$2" in *'print('*) echo 3.9;; *) exit 1;; esac"""
SHIM = "echo 'pyenv: command not found' >&2; exit 127"
NO_VENV = """case "$2" in *'print('*) echo 3.12;; *ensurepip*) exit 1;; esac"""
# Makes a virtual environment whose Python says what is done to it.
GOOD = """case "$*" in
*'sys.version)'*) echo 3.13;; *'print('*) echo 3.13;; *ensurepip*) ;;
'-m venv --clear .venv')
    rm -rf .venv; mkdir -p .venv/bin; echo "made by $0" >.venv/maker
    printf '#!/bin/sh\\ncase "$*" in *sys.version*) echo 3.13;; *) echo "$*" >>.venv/log;; esac\\n' >.venv/bin/python
    chmod +x .venv/bin/python;;
esac"""
GOOD = f"PATH={os.defpath}:/usr/bin:/bin\n{GOOD}"


@posix
@pytest.mark.parametrize(
    ("pythons", "sentence"),
    [
        ({}, "Python 3.11 or newer is needed, and python3 python3.14"),
        ({"python3": SHIM}, "Python 3.11 or newer is needed, and python3 python3.14"),
        ({"python3": OLD}, "Python 3.11 or newer is needed, and python3 is 3.9;"),
        ({"python3": NO_VENV, "python": OLD}, "python3 cannot make virtual environments, for which Debian"),
    ],
)
def test_one_sentence_says_what_is_missing(venv, pythons, sentence):
    done = venv(**pythons)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@posix
@pytest.mark.parametrize(
    ("pythons", "environment", "chosen"),
    [
        ({"python3": GOOD, "python3_14": GOOD}, {}, "python3"),
        ({"python3": OLD, "python3_12": GOOD, "python3_13": GOOD, "python3_14": SHIM}, {}, "python3.13"),
        ({"python3": NO_VENV, "python3_11": GOOD}, {}, "python3.11"),
        ({"python3": GOOD, "python3_12": GOOD}, {"PYTHON": "python3.12"}, "python3.12"),
    ],
)
def test_the_first_python_that_does_is_taken(venv, tmp_path, pythons, environment, chosen):
    done = venv(environment, **pythons)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "repo/.venv/maker").read_text().endswith(f"/{chosen}\n")


@posix
def test_an_installation_is_repeated_only_when_something_changed(venv, tmp_path):
    repo = tmp_path / "repo"

    def installations() -> int:
        return (repo / ".venv/log").read_text().count("-m pip install")

    venv(python3=GOOD)
    venv()
    assert installations() == 1
    os.utime(repo / "pyproject.toml", (2**31, 2**31))
    venv()
    assert installations() == 2
    # A moved folder: the commands inside .venv know their old place, so it is made anew.
    (repo / ".venv/made-in").write_text("elsewhere")
    venv()
    assert installations() == 1

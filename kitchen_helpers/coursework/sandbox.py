"""The walls round a box: bubblewrap, a user who owns nothing, no network, a system that can only be read, a scratch folder.

Inside there are Python, this package and what it needs, and nothing to start but Python. As root, Python is first made
readable where only root could read it, in a view of the file system that nobody else has; then root is given up for `nobody`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_NOBODY = "65534"
_SCRATCH = 64 << 20
COURSE = "/course"
"""The folder in which the package lies, inside."""
_SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")


class NoSandbox(Exception):
    """No sandbox can be made on this machine."""


def package_folder() -> Path:
    return Path(__file__).resolve().parents[1]


def box_command(folder: str, call: str = "box.main()") -> list[str]:
    """Starts the box, with the package in that folder, and a Python that takes nothing else from its surroundings."""
    paths = f"sys.path.insert(0, {folder!r}); sys.path += {site.getsitepackages()!r}"
    # Without site, which on some machines takes longer than all the rest.
    return [sys.executable, "-I", "-S", "-c", f"import sys; {paths}; from kitchen_helpers.coursework import box; {call}"]


def _python_folders() -> list[str]:
    """What Python is made of: the interpreter, its library, and the folders of installed packages."""
    real = os.path.realpath(sys.executable)
    found = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    found += [*sysconfig.get_paths().values(), *site.getsitepackages()]
    # With /usr or / as prefix, only its libraries are let in, and the interpreter itself.
    folders = [path for path in found if os.path.realpath(path) not in ("/", "/usr")]
    links = [sys.executable, real]
    while os.path.islink(links[-2]) and links[-2] != real:
        target = os.path.join(os.path.dirname(links[-2]), os.readlink(links[-2]))
        links.insert(-1, os.path.normpath(target))
    return _outermost([path for path in [*folders, *links] if os.path.exists(path)])


def _outermost(paths: Sequence[str]) -> list[str]:
    """Without those that lie in another one, or in what is let in anyhow."""
    kept: list[str] = []
    for path in sorted(set(paths), key=len):
        if not any(path == other or path.startswith(other.rstrip("/") + "/") for other in (*kept, "/usr/lib")):
            kept.append(path)
    return kept


@cache
def walls() -> list[str]:
    """The command that puts another one inside a sandbox. Raises NoSandbox."""
    if sys.platform != "linux":
        raise NoSandbox("sandboxes are made with bubblewrap, which only Linux has")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise NoSandbox("bubblewrap (the command bwrap) is not installed; Debian and Ubuntu have it as the package bubblewrap")
    folders = [(path, path) for path in _python_folders()] + [(str(package_folder()), f"{COURSE}/{package_folder().name}")]
    outer: list[str] = []
    if os.getuid() == 0:
        outer, folders = _readable(folders)
    inner = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "box"]
    inner += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/dev/shm", "/tmp"):
        inner += ["--size", str(_SCRATCH), "--tmpfs", folder]
    for path in _SYSTEM:
        if os.path.islink(path):
            inner += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            inner += ["--ro-bind", path, path]
    for outside, inside in folders:
        inner += ["--ro-bind", outside, inside]
    inner += ["--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp", "--setenv", "LANG", "C.UTF-8"]
    inner += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    return outer + inner


def _readable(folders: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    """As root: the command that makes folders readable for everybody, in a view of its own, and gives root up for nobody.

    It starts no process in between: bubblewrap ends when its parent does, and a parent that has given up its rights may not
    tell a process of another user.
    """
    tools = {name: shutil.which(name) for name in ("unshare", "mount", "setpriv", "sh")}
    if missing := [name for name, path in tools.items() if path is None]:
        raise NoSandbox(f"as root the command {missing[0]} is needed, too (util-linux)")
    script = [f"{tools['mount']} -t tmpfs tmpfs /mnt"]
    seen: list[tuple[str, str]] = []
    for number, (outside, inside) in enumerate(folders):
        place = f"/mnt/{number}"
        script += [f"mkdir {place}" if os.path.isdir(outside) else f": >{place}"]
        script += [f"{tools['mount']} --bind {shlex.quote(outside)} {place}"]
        seen.append((place, inside))
    nobody = f"{tools['setpriv']} --reuid {_NOBODY} --regid {_NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all"
    command = [str(tools["unshare"]), "--mount", "--propagation", "private", str(tools["sh"]), "-ec"]
    return [*command, "\n".join([f"PATH={os.defpath}", *script, f'exec {nobody} "$@"']), "sh"], seen


def probe() -> None:
    """Tries the sandbox. Raises NoSandbox with what went wrong."""
    command = [*walls(), *box_command(COURSE, "print('here')")]
    try:
        said = subprocess.run(command, env={}, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSandbox(f"bubblewrap does not work here: {error}") from error
    if said.stdout.strip() != b"here":
        raise NoSandbox(f"bubblewrap does not work here: {said.stderr.decode(errors='replace').strip()[-500:]}")

"""Another module, with a global of its own."""

from threading import Lock

total = 0
_lock = Lock()


def add_one_elsewhere():
    global total
    total += 1


def add_one_elsewhere_locked():
    with _lock:
        add_one_elsewhere()


def read_elsewhere():
    return total


cooked = 0


def __getattr__(name):
    if name == "twice_what_was_cooked":
        return cooked * 2
    raise AttributeError(name)

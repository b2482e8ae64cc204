"""What many programs share: starting and joining threads, and a lock that is none."""

from threading import Thread


def in_threads(*targets):
    """Run each target in a thread of its own, all at once, and wait for all of them."""
    threads = [Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Unlocked:
    """Stands where the cure has its lock."""

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return None


class Box:
    """Something with one shared value."""

    def __init__(self, value=0):
        self.value = value

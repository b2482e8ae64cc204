"""Programs to be driven and stepped through: a lost update, its cure, and a deadlock."""

from threading import Lock, Thread


def run_all(**jobs):
    threads = [Thread(target=job, name=name) for name, job in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Tally:
    def __init__(self):
        self.plates = 0

    def add(self):
        self.plates += 1


def lost_update():
    tally = Tally()
    run_all(Ana=tally.add, Ben=tally.add)
    assert tally.plates == 2


def locked():
    tally, lock = Tally(), Lock()

    def add():
        with lock:
            tally.add()

    run_all(Ana=add, Ben=add)
    assert tally.plates == 2


def corridor():
    west, east = Lock(), Lock()

    def walk(near, far):
        with near:
            with far:
                pass

    run_all(Ana=lambda: walk(west, east), Ben=lambda: walk(east, west))

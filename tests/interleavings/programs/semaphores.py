"""Semaphores: permits that protect nothing, permits too many, permits in the wrong order."""

from contextlib import contextmanager
from threading import BoundedSemaphore, Lock, Semaphore, Thread

from .helper import Box, in_threads
from .table import fails, holds


def _total(permits):
    till, permit = Box(), Semaphore(permits)

    def sell():
        with permit:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


@fails(preemptions=1)
def two_permits_protect_nothing():
    _total(2)


@holds
def one_permit_protects():
    _total(1)


@holds
def two_permits_for_the_ovens_and_a_lock_for_the_sum():
    till, ovens, lock = Box(), Semaphore(2), Lock()

    def bake():
        with ovens:
            with lock:
                till.value += 1

    in_threads(bake, bake, bake)
    assert till.value == 3


def _inside_at_most(permits, most):
    inside, lock, permit = Box(), Lock(), Semaphore(permits)

    def bake():
        with permit:
            with lock:
                inside.value += 1
                assert inside.value <= most
            with lock:
                inside.value -= 1

    in_threads(*[bake] * (most + 1))


# Ana is in, [switch] Ben is in too and is one too many.
@fails(preemptions=1)
def two_inside_where_one_is_allowed():
    _inside_at_most(2, 1)


@holds
def at_most_two_inside():
    _inside_at_most(2, 2)


# -- a signal

@holds
def semaphore_gives_an_order():
    dish, done = Box(), Semaphore(0)

    def cook():
        dish.value = "soup"
        done.release()

    def serve():
        done.acquire()
        assert dish.value == "soup"

    in_threads(cook, serve)


@fails(preemptions=1)
def signal_given_too_early():
    dish, done = Box(), Semaphore(0)

    def cook():
        done.release()
        dish.value = "soup"

    def serve():
        done.acquire()
        assert dish.value == "soup"

    in_threads(cook, serve)


@holds
def one_release_of_two():
    done = Semaphore(0)
    in_threads(done.acquire, done.acquire, lambda: done.release(2))


@fails("deadlock", preemptions=0)
def one_release_for_two():
    done = Semaphore(0)
    in_threads(done.acquire, done.acquire, done.release)


# A signal is kept, unlike a condition's notification.
@holds
def signal_before_anybody_waits():
    done = Semaphore(0)
    in_threads(done.release)
    in_threads(done.acquire)


@holds
def rendezvous():
    ana_here, ben_here = Semaphore(0), Semaphore(0)
    came = []

    def ana():
        came.append("Ana")
        ana_here.release()
        ben_here.acquire()
        assert len(came) == 2

    def ben():
        came.append("Ben")
        ben_here.release()
        ana_here.acquire()
        assert len(came) == 2

    in_threads(ana, ben)


@fails("deadlock", preemptions=0)
def rendezvous_where_both_wait_first():
    ana_here, ben_here = Semaphore(0), Semaphore(0)

    def ana():
        ben_here.acquire()
        ana_here.release()

    def ben():
        ana_here.acquire()
        ben_here.release()

    in_threads(ana, ben)


# -- too many permits

# The third one got in because somebody gave back what he had not taken.
@fails(preemptions=1)
def one_release_too_many():
    inside, lock, permit = Box(), Lock(), Semaphore(1)

    def bake():
        with permit:
            with lock:
                inside.value += 1
                assert inside.value <= 1
            with lock:
                inside.value -= 1

    permit.release()
    in_threads(bake, bake)


@fails(preemptions=0, error="ValueError")
def one_release_too_many_is_noticed():
    permit = BoundedSemaphore(1)
    permit.release()


@fails(preemptions=0, error="ValueError")
def released_in_finally_and_by_with():
    permit = BoundedSemaphore(1)

    def bake():
        with permit:
            try:
                pass
            finally:
                permit.release()

    in_threads(bake)


@holds
def bounded_semaphore_used_as_meant():
    till, permit = Box(), BoundedSemaphore(1)

    def sell():
        with permit:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


# -- permits that get lost

@fails("deadlock", preemptions=0)
def permit_lost_with_an_exception():
    permit = Semaphore(1)

    def bake(broken):
        try:
            permit.acquire()
            if broken:
                raise OSError("the oven is broken")
            permit.release()
        except OSError:
            pass

    in_threads(lambda: bake(True), lambda: bake(False))


@holds
def permit_given_back_with_an_exception():
    permit = Semaphore(1)

    def bake(broken):
        try:
            with permit:
                if broken:
                    raise OSError("the oven is broken")
        except OSError:
            pass

    in_threads(lambda: bake(True), lambda: bake(False))


# Two permits, and everybody needs both: Ana has one, [switch] Ben has the other.
@fails("deadlock", preemptions=1)
def two_permits_taken_one_by_one():
    pans = Semaphore(2)

    def cook():
        pans.acquire()
        pans.acquire()
        pans.release(2)

    in_threads(cook, cook)


@holds
def two_permits_taken_behind_a_lock():
    pans, lock = Semaphore(2), Lock()

    def cook():
        with lock:
            pans.acquire()
            pans.acquire()
        pans.release(2)

    in_threads(cook, cook)


# -- bounded buffer of semaphores

def _buffer(put_order, take_order):
    free, full, mutex = Semaphore(1), Semaphore(0), Semaphore(1)
    named = {"free": free, "full": full, "mutex": mutex}
    dishes, taken = [], []

    def cook():
        for number in range(2):
            for name in put_order:
                named[name].acquire()
            dishes.append(number)
            mutex.release()
            full.release()

    def take():
        for _ in range(2):
            for name in take_order:
                named[name].acquire()
            taken.append(dishes.pop(0))
            mutex.release()
            free.release()

    in_threads(cook, take)
    assert taken == [0, 1]


# The cook waits for a free place, and nobody can make one: he has the mutex.
@fails("deadlock", preemptions=0)
def mutex_before_the_free_place():
    _buffer(["mutex", "free"], ["full", "mutex"])


@fails("deadlock", preemptions=0)
def mutex_before_the_full_place():
    _buffer(["free", "mutex"], ["mutex", "full"])


@holds
def place_before_the_mutex():
    _buffer(["free", "mutex"], ["full", "mutex"])


# The places are counted rightly, but nobody guards the shelf itself.
@fails(preemptions=1)
def places_without_a_mutex():
    free, shelf, next_place = Semaphore(2), [None, None], Box(0)

    def cook(dish):
        free.acquire()
        shelf[next_place.value] = dish
        next_place.value += 1

    in_threads(lambda: cook("soup"), lambda: cook("stew"))
    assert set(shelf) == {"soup", "stew"}


# -- a pool of connections: the permit must be kept for as long as the thing is used

def _pool(connection):
    inside, lock = Box(), Lock()

    def query():
        with connection():
            with lock:
                inside.value += 1
                assert inside.value <= 1
            with lock:
                inside.value -= 1

    in_threads(query, query)


# The permit comes back at the end of the block in which the thing is handed out.
@fails(preemptions=1)
def permit_given_back_at_once():
    permit = Semaphore(1)

    class Connection:
        def __enter__(self):
            return self

        def __exit__(self, *details):
            pass

    def get():
        with permit:
            return Connection()

    _pool(get)


@holds
def permit_kept_across_the_yield():
    permit = Semaphore(1)

    @contextmanager
    def connection():
        with permit:
            yield

    _pool(connection)


# -- trying and waiting for a while

@holds(final_states=["0", "1"])
def permit_tried_for():
    permit, refused = Semaphore(1), []

    def bake():
        if permit.acquire(blocking=False):
            permit.release()
        else:
            refused.append(1)

    in_threads(bake, bake)
    return len(refused)


@fails(preemptions=1)
def permit_tried_for_and_expected():
    permit = Semaphore(1)

    def bake():
        assert permit.acquire(blocking=False)
        permit.release()

    in_threads(bake, bake)


@fails(preemptions=0)
def permit_waited_for_a_while_and_expected():
    permit = Semaphore(0)

    def wait():
        assert permit.acquire(timeout=0.01)

    in_threads(wait, permit.release)


@holds
def permit_waited_for_a_while():
    permit, got = Semaphore(0), Box()

    def wait():
        got.value = permit.acquire(timeout=0.01)

    in_threads(wait, permit.release)
    assert got.value in (True, False)


# A semaphore as a turnstile: each one who comes through lets the next one in.
@holds
def turnstile():
    gate, came = Semaphore(0), []

    def guest():
        gate.acquire()
        gate.release()
        came.append(1)

    threads = [Thread(target=guest) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.release()
    for thread in threads:
        thread.join()
    assert len(came) == 3


# Semaphores have no owner.
@holds
def permit_given_back_by_another_thread():
    permit = Semaphore(1)
    permit.acquire()
    in_threads(permit.release)
    assert permit.acquire(blocking=False)

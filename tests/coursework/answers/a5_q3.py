from . import planted

# Workers and a producer in a group, a sentinel for each worker.
GROUP = """
import asyncio

END = object()

async def kitchen(orders, cook, workers, queue_size):
    queue = asyncio.Queue(queue_size)
    dishes = {}

    async def fetch():
        number = 0
        if hasattr(orders, "__aiter__"):
            async for order in orders:
                await queue.put((number, order))
                number += 1
        else:
            for order in orders:
                await queue.put((number, order))
                number += 1
        for _ in range(workers):
            await queue.put(END)

    async def work():
        while (ticket := await queue.get()) is not END:
            number, order = ticket
            dishes[number] = await cook(order)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch())
            for _ in range(workers):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0]
    return [dishes[number] for number in range(len(dishes))]
"""

# The producer is the caller itself; queue.join, and everybody is watched by one wait.
JOIN = """
import asyncio

async def each(orders):
    if hasattr(orders, "__aiter__"):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order

async def kitchen(orders, cook, workers, queue_size):
    queue = asyncio.Queue(maxsize=queue_size)
    dishes = []

    async def worker():
        while True:
            place, order = await queue.get()
            dishes[place] = await cook(order)
            queue.task_done()

    async def producer():
        async for order in each(orders):
            dishes.append(None)
            await queue.put((len(dishes) - 1, order))
        await queue.join()

    crew = [asyncio.create_task(worker()) for _ in range(workers)]
    crew.append(asyncio.create_task(producer()))
    try:
        done, _ = await asyncio.wait(crew, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return dishes
    finally:
        for task in crew:
            task.cancel()
        await asyncio.gather(*crew, return_exceptions=True)
"""

# No queue: a place in line and a place at the stove, each a semaphore; one task per order.
SEMAPHORES = """
import asyncio

async def kitchen(orders, cook, workers, queue_size):
    line, stove = asyncio.Semaphore(workers + queue_size), asyncio.Semaphore(workers)
    tasks, failed = [], asyncio.get_running_loop().create_future()

    async def one(order):
        try:
            async with stove:
                return await cook(order)
        finally:
            line.release()

    def look(task):
        if not task.cancelled() and task.exception() is not None and not failed.done():
            failed.set_exception(task.exception())

    async def take(order):
        await line.acquire()
        task = asyncio.create_task(one(order))
        task.add_done_callback(look)
        tasks.append(task)

    async def everything():
        if hasattr(orders, "__anext__") or hasattr(orders, "__aiter__"):
            async for order in orders:
                await take(order)
        else:
            for order in orders:
                await take(order)
        return await asyncio.gather(*tasks)

    whole = asyncio.ensure_future(everything())
    try:
        done, _ = await asyncio.wait([whole, failed], return_when=asyncio.FIRST_COMPLETED)
        return (failed if failed in done else whole).result()
    finally:
        whole.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(whole, *tasks, return_exceptions=True)
        failed.cancel()
"""

# Workers take from the orders themselves, one at a time: nothing waits at all.
LOCK = """
import asyncio

async def kitchen(orders, cook, workers, queue_size):
    asking = asyncio.Lock()
    dishes, errors = {}, []
    if hasattr(orders, "__aiter__"):
        source = orders.__aiter__()
        following = source.__anext__
    else:
        source = iter(orders)
        async def following():
            try:
                return next(source)
            except StopIteration:
                raise StopAsyncIteration
    count = 0

    async def worker():
        nonlocal count
        while True:
            async with asking:
                try:
                    order = await following()
                except StopAsyncIteration:
                    return
                number = count
                count += 1
            dishes[number] = await cook(order)

    crew = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*crew)
    finally:
        for task in crew:
            task.cancel()
        await asyncio.wait(crew)
    return [dishes[number] for number in sorted(dishes)]
"""

# The first error is kept, an event stops everybody, the end is a number of orders.
EVENT = """
import asyncio
from collections.abc import AsyncIterable

async def as_async(orders):
    for order in orders:
        yield order

async def kitchen(orders, cook, workers, queue_size):
    queue = asyncio.Queue(queue_size)
    over = asyncio.Event()
    first, dishes = [], {}

    async def guarded(job):
        try:
            await job
        except Exception as error:
            first.append(error)
            over.set()

    async def produce():
        number = -1
        async for order in orders if isinstance(orders, AsyncIterable) else as_async(orders):
            number += 1
            await queue.put((number, order))
        await queue.join()
        over.set()

    async def consume():
        while True:
            number, order = await queue.get()
            dishes[number] = await cook(order)
            queue.task_done()

    tasks = [asyncio.create_task(guarded(job)) for job in [produce(), *(consume() for _ in range(workers))]]
    try:
        await over.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if first:
        raise first[0]
    return [dish for _, dish in sorted(dishes.items(), key=lambda pair: pair[0])]
"""

# One loop that waits for the next order and for all cooks at once.
PENDING = """
import asyncio
async def kitchen(orders, cook, workers, queue_size):
    async def stream():
        if hasattr(orders, "__aiter__"):
            async for o in orders: yield o
        else:
            for o in orders: yield o
    all_, pending = [], set()
    it = stream()
    nxt = None
    over = False
    try:
        while True:
            if nxt is None and not over and len(pending) < workers:
                nxt = asyncio.ensure_future(anext(it))
            waiting = pending | ({nxt} if nxt else set())
            if not waiting: break
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for t in done:
                if t is nxt:
                    nxt = None
                    try: order = t.result()
                    except StopAsyncIteration:
                        over = True
                        continue
                    c = asyncio.create_task(cook(order))
                    all_.append(c); pending.add(c)
                else:
                    t.result()
                    pending.discard(t)
        return [t.result() for t in all_]
    finally:
        rest = [*pending] + ([nxt] if nxt else [])
        for t in rest: t.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await it.aclose()
"""

# A queue of its own make.
CONDITION = """
import asyncio
from collections import deque
async def kitchen(orders, cook, workers, queue_size):
    waiting, cond, closed, dishes = deque(), asyncio.Condition(), False, {}
    async def put(x):
        async with cond:
            await cond.wait_for(lambda: len(waiting) < queue_size)
            waiting.append(x)
            cond.notify_all()
    async def get():
        async with cond:
            await cond.wait_for(lambda: waiting or closed)
            if not waiting: return None
            x = waiting.popleft()
            cond.notify_all()
            return x
    async def produce():
        nonlocal closed
        n = 0
        if hasattr(type(orders), "__aiter__"):
            async for o in orders:
                await put((n, o)); n += 1
        else:
            for o in orders:
                await put((n, o)); n += 1
        async with cond:
            closed = True
            cond.notify_all()
    async def work():
        while (x := await get()) is not None:
            dishes[x[0]] = await cook(x[1])
    tasks = [asyncio.create_task(produce())] + [asyncio.create_task(work()) for _ in range(workers)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for t in pending: t.cancel()
    if pending: await asyncio.wait(pending)
    for t in done:
        if t.exception(): raise t.exception()
    return [dishes[n] for n in sorted(dishes)]
"""

RIGHT = {
    "one loop": PENDING,
    "a condition": CONDITION,
    "task group and sentinels": GROUP,
    "queue.join": JOIN,
    "semaphores": SEMAPHORES,
    "workers who fetch for themselves": LOCK,
    "an event": EVENT,
    "one sentinel, handed on": planted(
        GROUP,
        "        for _ in range(workers):\n            await queue.put(END)\n",
        "        await queue.put(END)\n",
        "            dishes[number] = await cook(order)\n",
        "            dishes[number] = await cook(order)\n        await queue.put(END)\n",
    ),
}

_COOKS = "            dishes[number] = await cook(order)\n"

WRONG = {
    "one after the other": (
        """
async def kitchen(orders, cook, workers, queue_size):
    if hasattr(orders, "__aiter__"):
        return [await cook(order) async for order in orders]
    return [await cook(order) for order in orders]
""",
        "never more than 1 cooking at once",
    ),
    "one worker too many": (planted(LOCK, "range(workers)", "range(workers + 1)"), "were cooking at once"),
    "a queue without end": (
        planted(GROUP, "asyncio.Queue(queue_size)", "asyncio.Queue()"),
        "18 orders were fetched and not begun (3 may wait",
    ),
    "a queue that is one too long": (
        planted(EVENT, "asyncio.Queue(queue_size)", "asyncio.Queue(queue_size + 1)"),
        "5 orders were fetched and not begun (3 may wait, and one be in the producer's hand)",
    ),
    "a place in line for each worker too": (
        planted(SEMAPHORES, "asyncio.Semaphore(workers + queue_size)", "asyncio.Semaphore(2 * workers + queue_size)"),
        "6 orders were fetched and not begun",
    ),
    "all orders first": (
        planted(
            JOIN,
            "        async for order in each(orders):\n",
            "        for order in [order async for order in each(orders)]:\n",
        ),
        "orders were fetched and not begun",
    ),
    "put_nowait": (planted(EVENT, "await queue.put(", "queue.put_nowait("), "raises QueueFull"),
    "in the order of finishing": (
        planted(
            JOIN,
            "            dishes.append(None)\n",
            "            count[0] += 1\n",
            "len(dishes) - 1",
            "count[0]",
            "dishes[place] = await cook(order)",
            "dishes.append(await cook(order))",
            "dishes = []",
            "dishes, count = [], [-1]",
        ),
        "in the order of the orders, and returns",
    ),
    "who is idle is not told that it is over": (
        planted(CONDITION, "            closed = True\n            cond.notify_all()\n", "            closed = True\n"),
        "kitchen whose orders come when everybody is idle, and so does their end has not returned",
    ),
    "one sentinel for all": (
        planted(
            GROUP,
            "for _ in range(workers):\n            await queue.put(END)",
            "for _ in range(1):\n            await queue.put(END)",
        ),
        "has not returned after 60 seconds",
    ),
    "falsy is the end": (
        planted(
            GROUP,
            "while (ticket := await queue.get()) is not END:\n            number, order = ticket",
            "while (ticket := await queue.get()) is not END:\n            number, order = ticket\n"
            "            if not order:\n                return",
        ),
        "cook, 2, 1) raises KeyError",
    ),
    "orders are keys": (
        planted(
            GROUP,
            "dishes[number] = await cook(order)",
            "dishes[order] = await cook(order)",
            "dishes[number] for number in range(len(dishes))",
            "*dishes.values()",
        ),
        "kitchen(['a', 'a', 'b'], cook, 2, 1) must return 3 results, and returns 2",
    ),
    "a dish that is None is none": (
        planted(LOCK, "for number in sorted(dishes)]", "for number in sorted(dishes) if dishes[number] is not None]"),
        "whose dishes are None must return 3 results, and returns 0",
    ),
    "goes home when all is fetched": (
        planted(JOIN, "        await queue.join()\n", ""),
        "must return [('dish', 7)], in the order of the orders, and returns [None]",
    ),
    "goes home when the queue is empty": (
        planted(JOIN, "        await queue.join()\n", "        while not queue.empty():\n            await asyncio.sleep(0)\n"),
        "must return [('dish', 7)], in the order of the orders, and returns [None]",
    ),
    "plain iterables only": (
        planted(EVENT, "orders if isinstance(orders, AsyncIterable) else as_async(orders)", "as_async(orders)"),
        "from an async generator raises TypeError",
    ),
    "async iterables only": (
        planted(EVENT, "orders if isinstance(orders, AsyncIterable) else as_async(orders)", "orders"),
        "raises TypeError",
    ),
    "iterators only": (
        planted(SEMAPHORES, 'hasattr(orders, "__anext__") or hasattr(orders, "__aiter__")', 'hasattr(orders, "__anext__")'),
        "with an async iterable that is no iterator raises TypeError",
    ),
    "generators only": (
        planted(EVENT, "isinstance(orders, AsyncIterable)", "hasattr(orders, 'asend')"),
        "with an async iterator that is no generator raises TypeError",
    ),
    "a group comes out": (
        planted(GROUP, "        raise errors.exceptions[0]\n", "        raise\n"),
        "must raise the first error itself, Burnt: dish 2, and raises ExceptionGroup",
    ),
    "the last error comes out": (
        planted(
            GROUP,
            "            dishes[number] = await cook(order)\n",
            "            try:\n                dishes[number] = await cook(order)\n"
            "            except Exception as error:\n                late.append(error)\n",
            "    dishes = {}\n",
            "    dishes, late = {}, []\n",
            "    return [",
            "    if late:\n        raise late[-1]\n    return [",
        ),
        "kitchen whose third order fails: the error came after 1 s, and out of kitchen after",
    ),
    "an error is a dish": (
        planted(
            GROUP,
            _COOKS,
            "            try:\n                dishes[number] = await cook(order)\n"
            "            except Exception as error:\n                dishes[number] = error\n",
        ),
        "kitchen whose third order fails must raise the first error, and returns",
    ),
    "a worker dies in silence": (
        planted(
            JOIN,
            "crew.append(asyncio.create_task(producer()))",
            "producing = asyncio.create_task(producer())",
            "asyncio.wait(crew, return_when=asyncio.FIRST_COMPLETED)",
            "asyncio.wait([producing])",
            "(*crew, return",
            "(producing, *crew, return",
        ),
        "has not returned after 60 seconds",
    ),
    "the producer is not told": (
        """
import asyncio

async def kitchen(orders, cook, workers, queue_size):
    queue, dishes = asyncio.Queue(queue_size), {}

    async def worker():
        while (ticket := await queue.get()) is not None:
            dishes[ticket[0]] = await cook(ticket[1])

    crew = [asyncio.create_task(worker()) for _ in range(workers)]
    number = 0
    if hasattr(orders, "__aiter__"):
        async for order in orders:
            await queue.put((number, order))
            number += 1
    else:
        for order in orders:
            await queue.put((number, order))
            number += 1
    for _ in crew:
        await queue.put(None)
    try:
        await asyncio.gather(*crew)
    finally:
        for task in crew:
            task.cancel()
        await asyncio.gather(*crew, return_exceptions=True)
    return [dishes[n] for n in range(number)]
""",
        "kitchen whose third order fails: the error came after 1 s, and out of kitchen after",
    ),
    "the others finish their dishes": (
        planted(
            LOCK,
            "        for task in crew:\n            task.cancel()\n        await asyncio.wait(crew)",
            "        count = -1\n        source = iter(())\n        await asyncio.wait(crew)",
        ),
        "kitchen whose third order fails: the error came after 1 s, and out of kitchen after",
    ),
    "cancelled and not awaited": (
        planted(EVENT, "        await asyncio.gather(*tasks, return_exceptions=True)\n", ""),
        "of its tasks are not done after kitchen",
    ),
    "the others are not cancelled": (
        planted(
            LOCK, "        for task in crew:\n            task.cancel()\n        await asyncio.wait(crew)\n", "        pass\n"
        ),
        "of its tasks are not done after kitchen whose third order fails",
    ),
    "an error of the orders is lost": (
        planted(
            EVENT,
            "            await queue.put((number, order))\n        await",
            "            await queue.put((number, order))\n        await",
            "    async def produce():\n        number = -1\n",
            "    async def produce():\n      number = -1\n      try:\n",
            "        await queue.join()\n        over.set()\n",
            "        await queue.join()\n        over.set()\n      except Exception:\n        over.set()\n",
        ),
        "whose orders come from a generator that raises after two must raise the first error, and returns []",
    ),
    "blocks": (
        planted(GROUP, _COOKS, "            import time; time.sleep(1)\n" + _COOKS),
        "time.sleep was called in a coroutine",
    ),
}

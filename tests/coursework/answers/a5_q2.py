from . import planted

WAIT = """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    places = asyncio.Semaphore(limit)

    async def one(url):
        async with places:
            return await fetch(url)

    tasks = [asyncio.create_task(one(url)) for url in urls]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=deadline)
    finally:
        late = [task for task in tasks if not task.done()]
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
    return [TimeoutError() if task.cancelled() else task.exception() or task.result() for task in tasks]
"""

GROUP = """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    places = asyncio.Semaphore(limit)
    results = [TimeoutError(f"{url} is late") for url in urls]

    async def one(place, url):
        async with places:
            try:
                results[place] = await fetch(url)
            except Exception as error:
                results[place] = error

    try:
        async with asyncio.timeout(deadline):
            async with asyncio.TaskGroup() as group:
                for place, url in enumerate(urls):
                    group.create_task(one(place, url))
    except TimeoutError:
        pass
    return results
"""

# Workers who share an iterator; the deadline is a moment, and everybody looks at it.
WORKERS = """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    todo, results = enumerate(urls), {}

    async def worker():
        for place, url in todo:
            try:
                async with asyncio.timeout_at(end):
                    results[place] = await fetch(url)
            except Exception as error:
                results[place] = error

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(worker())
    return [results[place] for place in sorted(results)]
"""

# What is left of the time, from the clock of `time`, is given to wait_for; gather keeps the order.
GATHER = """
import asyncio
from time import monotonic

async def fetch_all(fetch, urls, limit, deadline):
    end = monotonic() + deadline
    places = asyncio.BoundedSemaphore(limit)

    async def one(url):
        await places.acquire()
        try:
            left = end - monotonic()
            if left <= 0:
                raise TimeoutError
            return await asyncio.wait_for(fetch(url), left)
        finally:
            places.release()

    return await asyncio.gather(*map(one, urls), return_exceptions=True)
"""

QUEUE = """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    urls = list(urls)
    results = [None] * len(urls)
    done = [False] * len(urls)
    queue = asyncio.Queue()
    for pair in enumerate(urls):
        queue.put_nowait(pair)

    async def worker():
        while True:
            index, url = await queue.get()
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                results[index] = error
            done[index] = True
            queue.task_done()

    crew = [asyncio.create_task(worker()) for _ in range(limit)]
    try:
        await asyncio.wait_for(queue.join(), deadline)
    except asyncio.TimeoutError:
        pass
    finally:
        for task in crew:
            task.cancel()
        await asyncio.gather(*crew, return_exceptions=True)
    return [result if there else asyncio.TimeoutError() for result, there in zip(results, done)]
"""

# Starts a new one whenever one is done.
FIRST_COMPLETED = """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    results = [TimeoutError()] * len(urls)
    waiting = list(enumerate(urls))[::-1]
    under_way = {}
    try:
        while waiting or under_way:
            while waiting and len(under_way) < limit:
                place, url = waiting.pop()
                under_way[asyncio.ensure_future(fetch(url))] = place
            done, _ = await asyncio.wait(under_way, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for task in done:
                error = task.exception()
                results[under_way.pop(task)] = task.result() if error is None else error
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    return results
"""


AS_COMPLETED = """
import asyncio
async def fetch_all(fetch, urls, limit, deadline):
    sem = asyncio.Semaphore(limit)
    out = [TimeoutError() for _ in urls]
    async def one(i, u):
        async with sem:
            try: return i, await fetch(u)
            except Exception as e: return i, e
    tasks = [asyncio.create_task(one(i, u)) for i, u in enumerate(urls)]
    try:
        for f in asyncio.as_completed(tasks, timeout=deadline):
            i, r = await f
            out[i] = r
    except TimeoutError: pass
    finally:
        for t in tasks: t.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return out
"""

# A place is taken before a task is made.
PRODUCER = """
import asyncio
async def fetch_all(fetch, urls, limit, deadline):
    results = [None] * len(urls)
    tasks = []
    sem = asyncio.BoundedSemaphore(limit)
    async def start():
        for i, url in enumerate(urls):
            await sem.acquire()
            t = asyncio.create_task(fetch(url), name=url)
            t.add_done_callback(lambda _: sem.release())
            tasks.append(t)
        if tasks:
            await asyncio.wait(tasks)
    try:
        await asyncio.wait_for(start(), deadline)
    except TimeoutError: pass
    finally:
        for t in tasks:
            t.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    def result(i):
        if i >= len(tasks) or tasks[i].cancelled(): return TimeoutError()
        return tasks[i].exception() if tasks[i].exception() else tasks[i].result()
    return [result(i) for i in range(len(urls))]
"""

RIGHT = {
    "as_completed": AS_COMPLETED,
    "a place before a task": PRODUCER,
    "wait": planted(
        WAIT,
        "task.exception() or task.result()",
        "task.result() if task.exception() is None else task.exception()",
    ),
    "task group and timeout": GROUP,
    "workers and timeout_at": WORKERS,
    "gather and wait_for": GATHER,
    "workers and a queue": QUEUE,
    "the next when one is done": FIRST_COMPLETED,
    "in batches": """
import asyncio
import time

async def fetch_all(fetch, urls, limit, deadline):
    begun = time.perf_counter()
    results = []
    for start in range(0, len(urls), limit):
        batch = [asyncio.create_task(fetch(url)) for url in urls[start:start + limit]]
        left = deadline - (time.perf_counter() - begun)
        try:
            await asyncio.wait(batch, timeout=max(0, left))
        finally:
            for task in batch:
                task.cancel()
            ended = await asyncio.gather(*batch, return_exceptions=True)
        results += [TimeoutError("late") if isinstance(end, asyncio.CancelledError) else end for end in ended]
    return results
""",
}

WRONG = {
    "one after the other": (
        """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    end, results = asyncio.get_running_loop().time() + deadline, []
    for url in urls:
        try:
            async with asyncio.timeout_at(end):
                results.append(await fetch(url))
        except Exception as error:
            results.append(error)
    return results
""",
        "never more than 1 in flight at once",
    ),
    "no limit": (planted(GROUP, "asyncio.Semaphore(limit)", "asyncio.Semaphore(10_000)"), "were in flight at once"),
    "a limit of one too many": (planted(QUEUE, "range(limit)", "range(limit + 1)"), "with limit=2, 3 were in flight at once"),
    "the place comes back too early": (
        planted(
            GATHER,
            "        try:\n            left",
            "        places.release()\n        try:\n            left",
            "            places.release()\n\n",
            "            pass\n\n",
        ),
        "were in flight at once",
    ),
    "a deadline for each": (
        planted(GATHER, "left = end - monotonic()", "left = deadline"),
        "must be a TimeoutError, as it was late, and is '/c'",
    ),
    "what was there is lost": (
        """
import asyncio

async def fetch_all(fetch, urls, limit, deadline):
    places = asyncio.Semaphore(limit)

    async def one(url):
        async with places:
            return await fetch(url)

    try:
        return await asyncio.wait_for(asyncio.gather(*map(one, urls), return_exceptions=True), deadline)
    except TimeoutError:
        return [TimeoutError() for _ in urls]
""",
        "the result at place 0 must be '/a', and is TimeoutError",
    ),
    "None for what is late": (
        planted(QUEUE, "result if there else asyncio.TimeoutError()", "result"),
        "must be a TimeoutError, as it was late, and is None",
    ),
    "the class of the error": (
        planted(QUEUE, "asyncio.TimeoutError() for", "asyncio.TimeoutError for"),
        "and is <class 'TimeoutError'>",
    ),
    "cancelled is what was late": (
        planted(WAIT, "TimeoutError() if", "asyncio.CancelledError() if"),
        "must be a TimeoutError, as it was late, and is CancelledError",
    ),
    "late ones are left out": (
        planted(
            QUEUE,
            "[result if there else asyncio.TimeoutError() for",
            "[result for",
            "zip(results, done)]",
            "zip(results, done) if there]",
        ),
        "must return 4 results, and returns 2",
    ),
    "the deadline is raised": (
        planted(GROUP, "    except TimeoutError:\n        pass\n", "    finally:\n        pass\n"),
        "of whose 4 fetches two take 5 raises TimeoutError",
    ),
    "one error ends all": (
        planted(
            GROUP,
            "            try:\n                results[place] = await fetch(url)\n"
            "            except Exception as error:\n                results[place] = error\n",
            "            results[place] = await fetch(url)\n",
        ),
        "with limit=6 in which some fetches fail raises ExceptionGroup",
    ),
    "the first error comes out": (
        planted(GATHER, ", return_exceptions=True", ""),
        "with limit=6 in which some fetches fail, which raised Burnt",
    ),
    "errors are texts": (
        planted(WORKERS, "results[place] = error", "results[place] = str(error)"),
        "must be the exception that its fetch raised, Burnt: no salt, and is 'no salt'",
    ),
    "every TimeoutError is the deadline's": (
        planted(
            WORKERS,
            "            except Exception",
            "            except TimeoutError:\n                results[place] = TimeoutError('late')\n            except Exception",
        ),
        "the exception that its fetch raised, TimeoutError: the shop's own, and is TimeoutError: late",
    ),
    "in the order of finishing": (
        planted(
            FIRST_COMPLETED,
            "results[under_way.pop(task)] =",
            "under_way.pop(task)\n                results[count] =",
            "error = task.exception()",
            "error = task.exception(); count += 1",
            "    try:\n",
            "    count = -1\n    try:\n",
        ),
        "the result at place 0 must be",
    ),
    "by url": (
        planted(GROUP, "    return results", "    there = dict(zip(urls, results))\n    return [there[url] for url in urls]"),
        "a url stands twice: it is to be fetched twice",
    ),
    "falsy is late": (
        planted(QUEUE, "result if there else", "result or"),
        "whose results are None, 0, '' and []: the result at place 0 must be None",
    ),
    "no urls": (
        planted(
            WAIT,
            "        if tasks:\n            await asyncio.wait(tasks",
            "        if True:\n            await asyncio.wait(tasks",
        ),
        "fetch_all(fetch, [], 2, 10) raises ValueError",
    ),
    "waits for the deadline": (
        planted(WAIT, "            await asyncio.wait(tasks, timeout=deadline)", "            await asyncio.sleep(deadline)"),
        "all was there after 1 s, and it returned after 10 s",
    ),
    "late ones go on": (
        planted(
            WAIT,
            "            task.cancel()\n        if late:\n            await asyncio.wait(late)\n",
            "            pass\n",
            "if task.cancelled()",
            "if not task.done()",
        ),
        "of its tasks are not done after a call with a deadline of 2 seconds",
    ),
    "cancelled and not awaited": (
        planted(WAIT, "        if late:\n            await asyncio.wait(late)\n", "", "if task.cancelled()", "if task in late"),
        "of its tasks are not done after a call with a deadline of 2 seconds",
    ),
    "a cancel from outside is swallowed": (
        planted(QUEUE, "except asyncio.TimeoutError:", "except (asyncio.TimeoutError, asyncio.CancelledError):"),
        "cancelled from outside after 1 second must end as cancelled, and it returned",
    ),
    "a cancel from outside leaves them running": (
        planted(WAIT, "    try:\n        if tasks", "    if True:\n        if tasks", "    finally:\n", "    if True:\n"),
        "of its tasks are not done after a call that is cancelled from outside",
    ),
    "fetches in a blocking way": (
        planted(
            WORKERS,
            "                async with asyncio.timeout_at(end):",
            "                import time\n                time.sleep(0.1)\n                async with asyncio.timeout_at(end):",
        ),
        "time.sleep was called in a coroutine",
    ),
    "no coroutine": ("def fetch_all(fetch, urls, limit, deadline):\n    return []\n", "must be a coroutine function"),
}

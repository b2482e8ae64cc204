from . import planted

GATHER = """
import asyncio

async def run_async(async_task, items, limit):
    places = asyncio.Semaphore(limit)

    async def one(item):
        async with places:
            return await async_task(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
"""

GROUP = """
import asyncio

async def run_async(async_task, items, limit):
    places = asyncio.Semaphore(limit)

    async def one(item):
        async with places:
            return await async_task(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except* Exception as failed:
        first = failed.exceptions[0]
        raise first
    return [task.result() for task in tasks]
"""

GROUP_OWN = planted(
    GROUP,
    """    except* Exception as failed:
        first = failed.exceptions[0]
        raise first
""",
    """    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
""",
)

WORKERS = """
import asyncio

async def run_async(async_task, items, limit):
    todo, results = iter(list(enumerate(items))), {}

    async def worker():
        for index, item in todo:
            results[index] = await async_task(item)

    crew = [asyncio.create_task(worker()) for _ in range(limit)]
    try:
        done, pending = await asyncio.wait(crew, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in crew:
            task.cancel()
        await asyncio.gather(*crew, return_exceptions=True)
    for task in done:
        task.result()
    return [results[index] for index in range(len(results))]
"""

RIGHT = {"gather": GATHER, "task group": GROUP_OWN, "workers": WORKERS}

WRONG = {
    "in turn": (
        "async def run_async(async_task, items, limit):\n    return [await async_task(item) for item in items]\n",
        "in flight at once",
    ),
    "no limit": (planted(GATHER, "asyncio.Semaphore(limit)", "asyncio.Semaphore(1000)"), "tasks were in flight at once"),
    "a limit of one too many": (planted(GATHER, "Semaphore(limit)", "Semaphore(limit + 1)"), "tasks were in flight at once"),
    "gather alone": (
        planted(
            GATHER,
            """    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
""",
            """    finally:
        pass
""",
        ),
        "not done after",
    ),
    "cancelled and not awaited": (
        planted(GATHER, "        await asyncio.gather(*tasks, return_exceptions=True)\n", ""),
        "not done after",
    ),
    "a group comes out": (
        planted(GROUP_OWN, "raise failed.exceptions[0] from None", "raise"),
        "own exception, and it raised a group",
    ),
    "errors are results": (
        planted(
            WORKERS,
            "            results[index] = await async_task(item)",
            """            try:
                results[index] = await async_task(item)
            except Exception as error:
                results[index] = error
                for task in crew:
                    task.cancel()""",
        ),
        "the task's own Burnt",
    ),
    "in the order of finishing": (
        """
import asyncio

async def run_async(async_task, items, limit):
    places = asyncio.Semaphore(limit)

    async def one(item):
        async with places:
            return await async_task(item)

    return [await done for done in asyncio.as_completed([one(item) for item in items])]
""",
        "in the order of the items",
    ),
    "waits for the others before it raises": (
        planted(
            GATHER,
            """        for task in tasks:
            task.cancel()
        await asyncio.gather""",
            "        await asyncio.gather",
        ),
        "has not returned",
    ),
    "no coroutine": ("def run_async(async_task, items, limit):\n    return []\n", "must be a coroutine function"),
}

from . import planted

# As in notebook 08: readuntil with the reader's own limit, one timeout round everything.
READUNTIL = r"""
import asyncio, re
from http import HTTPStatus

LIMIT = 8192

class Refused(Exception):
    pass

async def read_request(reader):
    try:
        async with asyncio.timeout(2):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
            if not re.fullmatch(r"(GET|POST) /[!-~]* HTTP/1\.1", first) or not all(":" in line for line in lines):
                raise Refused(400)
            fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = fields.get("content-length", "0")
            if not length.isdecimal():
                raise Refused(400)
            if len(head) + int(length) > LIMIT:
                raise Refused(413)
            await reader.readexactly(int(length))
    except TimeoutError:
        raise Refused(408)
    except asyncio.LimitOverrunError:
        raise Refused(413)
    except asyncio.IncompleteReadError:
        raise Refused(400)

async def hang_up(reader, writer):
    try:
        async with asyncio.timeout(0.5):
            writer.write_eof()
            while await reader.read(LIMIT):
                pass
            writer.close()
            await writer.wait_closed()
    except OSError:
        pass
    finally:
        writer.transport.abort()

async def handle(reader, writer):
    try:
        status = 200
        try:
            await read_request(reader)
        except Refused as refusal:
            status = refusal.args[0]
        phrase = HTTPStatus(status).phrase
        writer.write(f"HTTP/1.1 {status} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
    except OSError:
        pass
    finally:
        await hang_up(reader, writer)
"""

# Reads whatever comes into a buffer of its own, and looks at it after each piece; the time is a deadline of its own.
BUFFER = r"""
import asyncio
import time

def verdict(data):
    '''A status, or None as long as there is something to come.'''
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return 413 if len(data) > 8192 else None
    try:
        words, *fields = head.decode("ascii").split("\r\n")
        method, path, version = words.split(" ")
        length = 0
        for field in fields:
            name, value = field.split(":", 1)
            if name.lower() == "content-length":
                length = int(value)
    except ValueError:
        return 400
    if version not in ("HTTP/1.0", "HTTP/1.1") or not path.startswith("/") or length < 0:
        return 400
    if len(head) + 4 + length > 8192:
        return 413
    return 200 if len(body) >= length else None

async def handle(reader, writer):
    data, status = b"", None
    deadline = time.monotonic() + 2
    try:
        while status is None:
            left = deadline - time.monotonic()
            try:
                piece = await asyncio.wait_for(reader.read(1000), left)
            except TimeoutError:
                status = 408
                break
            if not piece:
                status = 400
                break
            data += piece
            status = verdict(data)
        writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\n\r\nThank you\n" % status)
        await writer.drain()
        goodbye = time.monotonic() + 1
        while time.monotonic() < goodbye:
            try:
                if not await asyncio.wait_for(reader.read(4096), 0.2):
                    break
            except TimeoutError:
                break
    finally:
        writer.close()
"""

# Line by line, with timeout_at; the readline of a reader with a limit raises ValueError.
LINES = r"""
import asyncio, contextlib

async def status_of(reader):
    size, length, first = 0, 0, None
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            return 413
        size += len(line)
        if size > 8192:
            return 413
        if not line.endswith(b"\n"):
            return 400
        line = line.rstrip(b"\r\n")
        if first is None:
            first = line.split()
            continue
        if not line:
            break
        name, colon, value = line.partition(b":")
        if not colon:
            return 400
        if name.lower() == b"content-length":
            if not value.strip().isdigit():
                return 400
            length = int(value)
    if len(first) != 3 or first[0] not in (b"GET", b"POST") or not first[2].startswith(b"HTTP/1."):
        return 400
    if size + length > 8192:
        return 413
    body = b""
    while len(body) < length:
        more = await reader.read(length - len(body))
        if not more:
            return 400
        body += more
    return 200

async def handle(reader, writer):
    loop = asyncio.get_running_loop()
    with contextlib.closing(writer):
        try:
            async with asyncio.timeout_at(loop.time() + 2):
                status = await status_of(reader)
        except TimeoutError:
            status = 408
        except ConnectionError:
            return
        writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: 2\r\n\r\n".encode() + b"ok")
        with contextlib.suppress(OSError):
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    while not reader.at_eof():
                        await reader.read(1024)
"""

# The request is read by a task of its own, that is waited for.
TASK = r"""
import asyncio

async def read(reader):
    data = bytearray()
    async def until(enough):
        while not enough():
            if len(data) > 8192:
                raise OverflowError
            data.extend(await reader.read(512) or fail())
    def fail():
        raise EOFError
    await until(lambda: b"\r\n\r\n" in data)
    head = bytes(data[:data.index(b"\r\n\r\n")])
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1":
        raise EOFError
    length = 0
    for line in lines[1:]:
        if b":" not in line:
            raise EOFError
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
            if length < 0:
                raise ValueError
    if len(head) + 4 + length > 8192:
        raise OverflowError
    await until(lambda: len(data) >= len(head) + 4 + length)

async def listen(reader):
    while await reader.read(65536):
        pass

async def handle(reader, writer):
    reading = asyncio.create_task(read(reader))
    try:
        done, _ = await asyncio.wait([reading], timeout=2)
        if not done:
            status = b"408 Request Timeout"
        elif reading.exception() is None:
            status = b"200 OK"
        elif isinstance(reading.exception(), OverflowError):
            status = b"413 Content Too Large"
        elif isinstance(reading.exception(), ConnectionError):
            return
        else:
            status = b"400 Bad Request"
        await stop(reading)
        writer.writelines([b"HTTP/1.1 ", status, b"\r\n\r\n"])
        writer.write_eof()
        rest = asyncio.ensure_future(listen(reader))
        await asyncio.wait({rest}, timeout=1.5)
        await stop(rest)
    finally:
        reading.cancel()
        writer.close()
        await asyncio.gather(reading, return_exceptions=True)
        try:
            await writer.wait_closed()
        except OSError:
            pass

async def stop(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
"""

# One byte at a time, and nothing is answered to those who have left.
BYTES = r"""
import asyncio

async def reply(writer, status):
    writer.write(b"HTTP/1.1 " + str(status).encode() + b" \r\n\r\n")
    await writer.drain()

async def parse(reader):
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += await reader.readexactly(1)
        if len(data) > 8192: return 413
    lines = data.decode("iso-8859-1").split("\r\n")[:-2]
    try:
        m, p, v = lines[0].split()
    except ValueError:
        return 400
    if m not in {"GET", "POST"} or v != "HTTP/1.1" or p[0] != "/":
        return 400
    h = {}
    for l in lines[1:]:
        if ":" not in l: return 400
        k, v = l.split(":", 1)
        h[k.strip().title()] = v.strip()
    try:
        n = int(h.get("Content-Length", 0))
    except ValueError:
        return 400
    if n < 0: return 400
    if len(data) + n > 8192: return 413
    for _ in range(n): await reader.readexactly(1)
    return 200

async def handle(reader, writer):
    try:
        status = await asyncio.wait_for(parse(reader), timeout=2)
    except asyncio.TimeoutError:
        status = 408
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        return
    except asyncio.CancelledError:
        writer.close()
        raise
    await reply(writer, status)
    try:
        async with asyncio.timeout(1):
            while await reader.read(1000): pass
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        pass
"""

# What is parsed is parsed in a thread.
THREAD = r"""
import asyncio, re
def parse(head):
    lines = head.decode("latin-1").split("\r\n")
    if not re.match(r"^(GET|POST) /\S* HTTP/1\.1$", lines[0]): raise ValueError
    length = 0
    for line in lines[1:]:
        if not line: continue
        name, value = line.split(":", 1)
        if name.lower() == "content-length":
            length = int(value)
            if length < 0: raise ValueError
    return length
async def request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = await asyncio.to_thread(parse, head)
    if len(head) + length > 8192: return 413
    await reader.readexactly(length)
    return 200
async def handle(reader, writer):
    try:
        try:
            status = await asyncio.wait_for(request(reader), 2)
        except TimeoutError: status = 408
        except ValueError: status = 400
        except asyncio.LimitOverrunError: status = 413
        except asyncio.IncompleteReadError: status = 400
        writer.write(b"HTTP/1.1 %d \r\n\r\n" % status)
        writer.write_eof()
        try:
            async with asyncio.timeout(1):
                while await reader.read(500): pass
        except TimeoutError: pass
    except ConnectionResetError: pass
    finally:
        writer.close()
"""

# Looks every 0.05 seconds, by the clock on the wall.
POLLING = r"""
import asyncio, time
async def handle(reader, writer, clock=time.time):
    start = clock()
    data = b""
    status = None
    while status is None:
        if clock() - start >= 2: status = 408; break
        try:
            piece = await asyncio.wait_for(reader.read(8193), 0.05)
        except TimeoutError: continue
        except BaseException:
            writer.close()
            raise
        if piece == b"": status = 400; break
        data += piece
        if b"\r\n\r\n" in data:
            head, body = data.split(b"\r\n\r\n", 1)
            lines = head.split(b"\r\n")
            w = lines[0].split(b" ")
            if len(w) != 3 or w[0] not in (b"GET", b"POST"): status = 400; break
            if w[1][:1] != b"/" or w[2] != b"HTTP/1.1" or any(b":" not in l for l in lines[1:]):
                status = 400; break
            n = [l.split(b":",1)[1].strip() for l in lines[1:] if l.lower().startswith(b"content-length:")]
            n = n[0] if n else b"0"
            if not n.isdigit(): status = 400; break
            if len(head) + 4 + int(n) > 8192: status = 413; break
            if len(body) >= int(n): status = 200
        elif len(data) > 8192: status = 413
    try:
        writer.write(b"HTTP/1.1 %d s\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        t = clock()
        while clock() - t < 0.5:
            try:
                if not await asyncio.wait_for(reader.read(4096), 0.1): break
            except TimeoutError: pass
    finally:
        writer.close()
"""

RIGHT = {
    "byte by byte": BYTES,
    "a thread that parses": THREAD,
    "looks again and again": POLLING,
    "readuntil": READUNTIL,
    "a buffer": BUFFER,
    "line by line": LINES,
    "a task that reads": TASK,
}

WRONG = {
    "one read is one request": (
        planted(
            BUFFER, "while status is None:", "for _ in range(1):", "status = verdict(data)", "status = verdict(data) or 400"
        ),
        "comes in two pieces, the first of which ends with",
    ),
    "the end of a piece is the end of the head": (
        planted(TASK, 'b"\\r\\n\\r\\n" in data)', 'data.endswith(b"\\r\\n\\r\\n"))'),
        "a guest who sends a POST request in one piece must get 200, and gets 408",
    ),
    "reads until there is no more": (
        planted(LINES, "await status_of(reader)", "await reader.read() and 200 or 400"),
        "must get 200, and gets 408",
    ),
    "the body is not waited for": (
        planted(READUNTIL, "            await reader.readexactly(int(length))\n", ""),
        "gets an answer before the request is complete",
    ),
    "fields in one spelling only": (
        planted(LINES, 'name.lower() == b"content-length"', 'name == b"Content-Length"'),
        "cOnTeNT-lENGTH (fields have no case), comes late gets an answer before",
    ),
    "only the head is limited": (
        planted(READUNTIL, "len(head) + int(length) > LIMIT", "len(head) > LIMIT"),
        "8,193 bytes (head and body) must get 413",
    ),
    "only the body is limited": (
        planted(LINES, "if size + length > 8192", "if length > 8192"),
        "8,193 bytes (head and body) must get 413",
    ),
    "one byte too few": (planted(BUFFER, "4 + length > 8192", "4 + length >= 8192"), "exactly 8,192 bytes must get 200"),
    "one byte too many": (
        planted(LINES, "size + length > 8192", "size + length > 8193", "if size > 8192", "if size > 8193"),
        "8,193 bytes (head) must get 413",
    ),
    "an announced size is believed when it has come": (
        planted(BUFFER, "    if len(head) + 4 + length > 8192:", "    if len(data) > 8192:"),
        "who announces 9,000 bytes, and sends the head only must get 413",
    ),
    "a head without end is waited for": (
        planted(BUFFER, "return 413 if len(data) > 8192 else None", "return None"),
        "10,000 bytes of a head that does not end must get 413",
    ),
    "only a line without end is too long": (
        planted(LINES, "        if size > 8192:\n            return 413\n", ""),
        "bytes of short fields, without an end must get 413",
    ),
    "413 is called 431": (
        planted(READUNTIL, "LimitOverrunError:\n        raise Refused(413)", "LimitOverrunError:\n        raise Refused(431)"),
        "gets 431",
    ),
    "a length that is no number": (
        planted(READUNTIL, "            if not length.isdecimal():\n                raise Refused(400)\n", ""),
        "Content-Length of many: handle raises ValueError",
    ),
    "digits that are no numbers": (
        planted(READUNTIL, "isdecimal", "isdigit"),
        "the byte b2 as Content-Length (a small 2, no digit): handle raises",
    ),
    "a negative length": (planted(BUFFER, " or length < 0", ""), "Content-Length of -1 must get 400"),
    "fields are not looked at": (
        planted(READUNTIL, ' or not all(":" in line for line in lines)', ""),
        "has a field without a colon must get 400",
    ),
    "everything is text": (planted(READUNTIL, 'head.decode("latin-1")', "head.decode()"), "handle raises UnicodeDecodeError"),
    "a limit of time for each read": (
        planted(BUFFER, "left = deadline - time.monotonic()", "left = 2"),
        "a byte of the head every 0.3 seconds must get 408",
    ),
    "a limit of time for the head alone": (
        planted(
            READUNTIL,
            "            await reader.readexactly(int(length))\n    except TimeoutError:\n        raise Refused(408)\n",
            "        await reader.readexactly(int(length))\n    except TimeoutError:\n        raise Refused(408)\n",
        ),
        "sends a head and half of the body has not returned after 60 seconds",
    ),
    "one limit for the head, one for the body": (
        planted(
            READUNTIL,
            "            await reader.readexactly(int(length))\n    except TimeoutError",
            "        async with asyncio.timeout(2):\n            await reader.readexactly(int(length))\n    except TimeoutError",
        ),
        "whose head comes after 1.5 seconds, and whose body comes byte by byte must get 408 after 2 seconds, and gets it after 3.5",
    ),
    "not patient enough": (
        planted(LINES, "loop.time() + 2", "loop.time() + 1"),
        "must get 408 after 2 seconds, and gets it after 1.0",
    ),
    "silence is let go without a word": (
        planted(LINES, "            status = 408", "            return"),
        "a guest who says nothing must get 408, and gets nothing",
    ),
    "one buffer for all": (
        planted(
            BUFFER,
            "async def handle(reader, writer):\n    data, status = b\"\", None",
            "data = b\"\"\n\nasync def handle(reader, writer):\n    global data\n    status = None",
            "        writer.write(b",
            "        data = b\"\"\n        writer.write(b",
        ),
        "a guest who comes while another one is slow must get 200 at once, and gets 400",
    ),
    "a cancel of its own": (
        planted(LINES, "            status = 408", "            raise asyncio.CancelledError"),
        "a guest who says nothing: handle raises CancelledError",
    ),
    "one guest at a time": (
        planted(
            READUNTIL,
            "async def handle(reader, writer):\n    try:",
            "door = asyncio.Lock()\n\nasync def handle(reader, writer):\n  async with door:\n    try:",
        ),
        "a guest who comes while another one is slow must get 200 at once",
    ),
    "a nap": (
        planted(BUFFER, "        writer.write(b", "        time.sleep(0.5)\n        writer.write(b"),
        "time.sleep was called in a coroutine",
    ),
    "the end of the stream is read again and again": (
        planted(TASK, "await reader.read(512) or fail()", "await reader.read(512)"),
        "it has not let go of the event loop for 3 seconds",
    ),
    "half a request is no matter": (
        planted(
            READUNTIL, "IncompleteReadError:\n        raise Refused(400)", "IncompleteReadError:\n        raise Refused(200)"
        ),
        "must get 400 or nothing: gets 200",
    ),
    "the door is left open": (planted(LINES, "with contextlib.closing(writer):", "if True:"), "the writer is not closed"),
    "the door is left open after an error": (
        planted(
            BUFFER,
            "    finally:\n        writer.close()\n",
            "    except ValueError:\n        pass\n    if status == 200:\n        writer.close()\n",
        ),
        "and the writer is not closed",
    ),
    "the door is left open when somebody cancels": (
        planted(BUFFER, "    finally:\n        writer.close()\n", "    except OSError:\n        pass\n    writer.close()\n"),
        "a guest who has sent nothing when handle is cancelled: handle has returned, and the writer is not closed",
    ),
    "slams the door": (
        planted(
            LINES,
            """            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    while not reader.at_eof():
                        await reader.read(1024)
""",
            "",
        ),
        "the connection is reset and the answer lost",
    ),
    "listens for ever": (
        planted(
            READUNTIL,
            "        async with asyncio.timeout(0.5):\n            writer.write_eof()",
            "        if True:\n            writer.write_eof()",
        ),
        "a guest who does not hang up has not returned",
    ),
    "answers in text": (
        planted(READUNTIL, '\\r\\n\\r\\n".encode())', '\\r\\n\\r\\n")'),
        "handle raises TypeError",
    ),
    "no head": (
        planted(LINES, 'f"HTTP/1.1 {status} Status\\r\\nContent-Length: 2\\r\\n\\r\\n".encode() + b"ok"', 'b"ok"'),
        "an answer begins with a line such as",
    ),
    "a head without end": (
        planted(BUFFER, "\\r\\n\\r\\nThank you\\n", "\\r\\n"),
        "the head of an answer ends with an empty line",
    ),
    "a wrong length": (planted(LINES, "Content-Length: 2", "Content-Length: 3"), "the answer announces 3 bytes, and 2 come"),
    "two answers": (
        planted(LINES, '+ b"ok")', '+ b"ok")\n        writer.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n")'),
        "a second answer behind the first one",
    ),
    "a task is left": (
        planted(
            TASK,
            "async def handle(reader, writer):",
            "async def handle(reader, writer):\n    asyncio.get_running_loop().create_task(asyncio.sleep(100))",
        ),
        "one of its tasks is not done after handle of a guest",
    ),
    "sys.exit": (
        planted(
            BUFFER,
            "        writer.write(b",
            "        if status != 200:\n            import sys\n            sys.exit(1)\n        writer.write(b",
        ),
        "SystemExit comes out of it",
    ),
    "no coroutine": ("def handle(reader, writer):\n    writer.close()\n", "must be a coroutine function"),
}

"""A guest at the door of an answer's server: sends at its times what it is to send, and keeps what it gets.

The answer reads from a real `asyncio.StreamReader` and writes to a real `asyncio.StreamWriter`. Between them and the guest
there is no network, but what a network would do: pieces come when they are sent, they wait outside while the reader is
full, and a connection that is closed while somebody is still sending is reset.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .virtual_time import Ending, Evening

LIMIT = 8_192
"""Bytes of a request, and the limit of the reader."""
Sent = bytes | Literal["no more", "reset"]
_MOMENT = 0.005
"""Seconds until a guest who sees that nothing more comes hangs up."""
_FIRST = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\Z")


_AGAIN = re.compile(rb"HTTP/1\.[01] \d{3}")


class _Wire(asyncio.Transport):
    """The server's end of the connection; what it knows stands elsewhere, where an answer does not get at it."""

    __slots__ = ()

    def write(self, data: Any) -> None:
        _at[id(self)].gets(data)

    def write_eof(self) -> None:
        _at[id(self)].gets_no_more()

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        _at[id(self)].is_left()

    abort = close

    def is_closing(self) -> bool:
        return _at[id(self)].closed is not None

    def is_reading(self) -> bool:
        return not _at[id(self)].paused

    def pause_reading(self) -> None:
        _at[id(self)].paused = True

    def resume_reading(self) -> None:
        _at[id(self)].go_on()

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 16_384, 65_536

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_protocol(self) -> asyncio.BaseProtocol:
        return _at[id(self)].protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...


_at: dict[int, Guest] = {}
"""Who is at the other end of a wire."""


@dataclass(frozen=True)
class Answer:
    """What a guest got: a status, or why it is none."""

    status: int | None
    flaw: str = ""


class Guest:
    """One connection: `sends` says what comes after how many seconds.

    `polite`: it hangs up when it sees that nothing more comes. `reads_last`: it reads only once it has sent everything, so
    that a reset before that destroys what it was sent.
    """

    def __init__(
        self,
        evening: Evening,
        handle: Callable[[Any, Any], Any],
        sends: Sequence[tuple[float, Sent]],
        *,
        polite: bool = True,
        reads_last: bool = False,
    ) -> None:
        loop = evening.loop
        self.evening, self.polite, self.reads_last = evening, polite, reads_last
        self.reader = asyncio.StreamReader(limit=LIMIT, loop=loop)
        self.protocol = asyncio.StreamReaderProtocol(self.reader, loop=loop)
        self.wire = _Wire({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8_888)})
        _at[id(self.wire)] = self
        self.protocol.connection_made(self.wire)
        self.writer = asyncio.StreamWriter(self.wire, self.protocol, self.reader, loop)
        self.received = bytearray()
        self.first: float | None = None
        """When the answer came."""
        self.closed: float | None = None
        self.is_done = self.paused = self.lost = self._hung_up = False
        self._outside: deque[Sent] = deque()
        self._unsent = sum(type(piece) is bytes for _, piece in sends)
        for seconds, piece in sends:
            evening.at(seconds, self._send, piece)
        self.ending: Ending = evening.calls(lambda: handle(self.reader, self.writer), "handle")

    # -- what the server does --------------------------------------------------------------------------------------

    def gets(self, data: Any) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self.is_done:
            raise RuntimeError("Cannot call write() after write_eof()")
        if data and self.closed is None:
            if self.first is None:
                self.first = self.evening.seconds
            self.received += data

    def gets_no_more(self) -> None:
        if not self.is_done and self.closed is None:
            self.is_done = True
            if self.polite and not self.reads_last:
                self.evening.at(self.evening.seconds + _MOMENT, self._send, "no more")

    def is_left(self) -> None:
        if self.closed is None:
            self.closed = self.evening.seconds
            # What comes now is answered by a reset, which can overtake the answer.
            self.lost = self.reads_last and bool(self._unsent or self._outside)
            self.evening.loop.call_soon(self.protocol.connection_lost, None)

    def go_on(self) -> None:
        self.paused = False
        while self._outside and not self.paused and self.closed is None:
            self._arrive(self._outside.popleft())

    # -- what the guest does ---------------------------------------------------------------------------------------

    def _send(self, piece: Sent) -> None:
        self._unsent -= type(piece) is bytes
        if self.closed is not None or self._hung_up:
            return
        self._hung_up = piece == "no more"
        if self.paused and piece != "reset":
            self._outside.append(piece)
        else:
            self._arrive(piece)

    def _arrive(self, piece: Sent) -> None:
        if piece == "no more":
            self.protocol.eof_received()
        elif piece == "reset":
            self.closed = self.evening.seconds
            self.protocol.connection_lost(ConnectionResetError(104, "Connection reset by peer"))
        elif type(piece) is bytes:
            self.protocol.data_received(piece)

    # -- what came of it -------------------------------------------------------------------------------------------

    def answer(self) -> Answer:
        """The one answer that it got; none is fine, too."""
        if not self.received:
            return Answer(None)
        head, end, body = bytes(self.received).partition(b"\r\n\r\n")
        first, *fields = head.split(b"\r\n")
        found = _FIRST.match(first)
        if not found:
            return Answer(None, f"an answer begins with a line such as HTTP/1.1 200 OK, and this one with {first[:60]!r}")
        if not end:
            return Answer(None, "the head of an answer ends with an empty line (\\r\\n\\r\\n), and this one does not")
        if any(b":" not in field for field in fields):
            return Answer(None, "each line of an answer's head after the first is a field, Name: value, and one is not")
        announced = [field.partition(b":")[2].strip() for field in fields if field.lower().startswith(b"content-length:")]
        if _AGAIN.search(body):
            return Answer(None, "it got a second answer behind the first one")
        if announced and (not announced[0].isdigit() or int(announced[0]) != len(body)):
            return Answer(None, f"the answer announces {announced[0].decode('latin-1')[:20]} bytes, and {len(body)} come")
        return Answer(int(found[1]))

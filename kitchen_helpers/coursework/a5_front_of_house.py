"""The check of a5.q1: a server's `handle(reader, writer)`, and the guests who come to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from .guests import LIMIT, Guest, Sent
from .questions import RuleBroken, Verdict
from .realtime import named, tried
from .virtual_time import Evening

Plan = Sequence[tuple[float, Sent]]

PATIENCE = 2.0
SOON = 1.0
"""Seconds within which "at once" is."""
CLOSING = 10.0
"""Seconds after its answer within which a handler has to close, whatever the guest does."""

_STREAM = "A stream has no edges: how does your code know that a request is complete, and what if a piece ends just there?"
_SIZE = "What is known about the size of a request before all of it has come?"
_TIME = "From when to when does your limit of time count, and for which of your awaits?"
RAISES = "Which of your lines raises that, and what was it given there?"
_STAYS = "What if a guest never hangs up?"
_BAD = "Which lines of yours take for granted that the guest has sent what you expect?"
_GONE = "What do the functions that read return, or raise, when there is nothing more to come?"
_CLOSE = "On which ways out of your function is the writer closed?"
_LINGER = "What happens on the other side when you close while bytes are still arriving? (Notebook 08 hangs up with manners.)"

GET = b"GET /soup HTTP/1.1\r\nHost: kitchen:80\r\n\r\n"
POST = b"POST /order HTTP/1.1\r\nHost: kitchen\r\nContent-Length: 12\r\n\r\ntwo\r\n\r\nsoups"


def sized(total: int, body: int = 0) -> bytes:
    """A good request of so many bytes, of which so many are its body."""
    start = b"POST /order HTTP/1.1\r\nHost: kitchen\r\nContent-Length: %d\r\nNote: " % body
    return start + b"x" * (total - len(start) - 4 - body) + b"\r\n\r\n" + b"y" * body


def check_handle(handle: Any) -> Verdict:
    """a5.q1: `async handle(reader, writer)`."""

    def visit(
        what: str,
        plan: Plan,
        hint: str,
        *,
        hangs_up: bool = False,
        events: Sequence[tuple[float, Callable[[Evening], None]]] = (),
        **how: bool,
    ) -> Guest:
        evening = Evening(f"handle of {what}", CLOSING, hint)
        guest = Guest(evening, handle, plan, **how)
        for seconds, event in events:
            evening.at(seconds, event, evening)
        evening.run()
        judge(guest, what, hangs_up)
        return guest

    def judge(guest: Guest, what: str, hangs_up: bool) -> None:
        called = guest.ending.called
        error = called.error if called is not None else None
        # Whoever loses the connection may say so; a guest who is merely odd is no reason to fail.
        losses = OSError | EOFError | asyncio.CancelledError
        excused = hangs_up and issubclass(type(error), losses) and not issubclass(type(error), TimeoutError)
        if error is not None and not excused:
            raise RuleBroken(f"{what}: handle raises {named(error)}", _GONE if hangs_up else RAISES) from error
        if guest.closed is None:
            raise RuleBroken(f"{what}: handle has returned, and the writer is not closed", _CLOSE)
        begun = guest.first if guest.first is not None else PATIENCE
        ended = max(guest.ending.seconds, guest.closed)
        if ended > begun + CLOSING:
            rule = f"{what}: {ended - begun:.0f} seconds after the answer the connection was still open"
            raise RuleBroken(rule, _STAYS)
        if guest.lost:
            rule = f"{what} who sends all of it before reading: closed in the midst of that, the connection is reset and the answer lost"
            raise RuleBroken(rule, _LINGER)

    def expect(status: int, what: str, plan: Plan, hint: str, soon: float | None = SOON, **how: Any) -> Guest:
        guest = visit(what, plan, hint, **how)
        got = guest.answer()
        if got.flaw:
            raise RuleBroken(f"{what}: {got.flaw}", "What does the other side need, to understand the answer and to find its end?")
        if got.status != status:
            late = f" after {guest.first:.1f} seconds" if guest.first is not None and guest.first > SOON else ""
            raise RuleBroken(f"{what} must get {status}, and gets {got.status or 'nothing'}{late}", hint)
        if soon is not None and guest.first is not None and guest.first > soon:
            raise RuleBroken(f"{what} must get its {status} at once, and gets it after {guest.first:.1f} seconds", hint)
        return guest

    def good() -> None:
        expect(200, "a guest who sends a GET request in one piece", [(0, GET)], _STREAM)
        expect(200, "a guest who sends a POST request in one piece", [(0, POST)], _STREAM)
        for what, request in {
            "with one short field": b"GET / HTTP/1.1\r\nHost:k\r\n\r\n",
            "with Content-Length: 0": b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: 0\r\n\r\n",
            "whose body is no text": POST.replace(b"soups", b"\xff\x00\x80\r\n"),
            "that is followed by the next one": GET + GET,
        }.items():
            expect(200, f"a guest with a request {what}", [(0, request)], _STREAM)
        half_open: Plan = [(0, GET), (0, "no more")]
        expect(200, "a guest who sends a request, and that there is no more", half_open, _GONE)
        expect(200, "a guest who does not hang up", [(0, GET)], _STAYS, polite=False)

    def in_pieces() -> None:
        for name, request in (("GET", GET), ("POST", POST)):
            for cut in range(1, len(request)):
                what = f"a guest whose {name} request comes in two pieces, the first of which ends with {request[:cut][-12:]!r}"
                expect(200, what, [(0.01, request[:cut]), (0.02, request[cut:])], _STREAM)
            bytewise = [(index * 0.002, request[index : index + 1]) for index in range(len(request))]
            expect(200, f"a guest whose {name} request comes byte by byte", bytewise, _STREAM)
        unusual = POST.replace(b"Content-Length", b"cOnTeNT-lENGTH")
        for name, request in (("Content-Length", POST), ("cOnTeNT-lENGTH (fields have no case)", unusual)):
            what = f"a guest whose body, announced by {name}, comes late"
            early: list[int] = []
            evening = Evening(f"handle of {what}", CLOSING)
            guest = Guest(evening, handle, [(0, request[:-1]), (0.5, request[-1:])])
            evening.at(0.4, _note_length, early, guest)
            evening.run()
            judge(guest, what, hangs_up=False)
            if early != [0]:
                raise RuleBroken(f"{what} gets an answer before the request is complete", "What announces the body, and how is it written?")
            if guest.answer().status != 200:
                raise RuleBroken(f"{what} must get 200, and gets {guest.answer().status or 'nothing'}", _STREAM)

    def sizes() -> None:
        for what, request in (("head has", sized(LIMIT)), ("head and body have", sized(LIMIT, 4_000))):
            expect(200, f"a guest whose {what} exactly 8,192 bytes", [(0, request)], _SIZE)
        for what, request in (("head", sized(LIMIT + 1)), ("head and body", sized(LIMIT + 1, 4_000))):
            expect(413, f"a guest whose complete request has 8,193 bytes ({what})", [(0, request)], _SIZE)
        head = b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: %d\r\n\r\n"
        for number in (9_000, 10**12):
            expect(413, f"a guest who announces {number:,} bytes, and sends the head only", [(0, head % number)], _SIZE)
        endless = sized(20_000)[:10_000]
        expect(413, "a guest who has sent 10,000 bytes of a head that does not end", [(0, endless)], _SIZE)
        fields = b"GET / HTTP/1.1\r\nHost: kitchen\r\n" + b"Note: please\r\n" * 700
        expect(413, f"a guest who has sent {len(fields):,} bytes of short fields, without an end", [(0, fields)], _SIZE)
        pieces = [(index * 0.005, endless[index * 500 : index * 500 + 500]) for index in range(20)]
        expect(413, "a guest who has sent 10,000 bytes of a head without an end, in pieces", pieces, _SIZE)

    def malformed() -> None:
        for what, request in {
            "is no request at all": b"Bring me soup!\r\n\r\n",
            "has two words in its first line": b"GET /soup\r\n\r\n",
            "speaks something else than HTTP/1.1": b"GET /soup SOUP/7\r\n\r\n",
            "has a field without a colon": b"GET / HTTP/1.1\r\nHost kitchen\r\n\r\n",
            "has a Content-Length of many": b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: many\r\n\r\n",
            "has a Content-Length of -1": b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: -1\r\n\r\n",
            "has a Content-Length of 1.5": b"POST / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: 1.5\r\n\r\nxx",
            "has the byte b2 as Content-Length (a small 2, no digit)": b"GET / HTTP/1.1\r\nHost: kitchen\r\nContent-Length: \xb2\r\n\r\nxx",
            "is no text": b"\xff\xfe\x00\x80 \xc3\x28\r\n\r\n",
        }.items():
            expect(400, f"a guest whose request {what}", [(0, request)], _BAD)

    def slow() -> None:
        def in_time(what: str, plan: Plan) -> None:
            guest = expect(408, what, plan, _TIME, soon=None, polite=False)
            if guest.first is None or not PATIENCE - 0.1 <= guest.first <= PATIENCE + 0.9:
                raise RuleBroken(f"{what} must get 408 after {PATIENCE:g} seconds, and gets it after {guest.first:.1f}", _TIME)

        in_time("a guest who says nothing", [])
        in_time("a guest who sends half a head and then nothing", [(0, GET[:20])])
        in_time("a guest who sends a head and half of the body", [(0.1, POST[:-3])])
        drops = [(0.3 * index, GET[index : index + 1]) for index in range(len(GET))]
        in_time("a guest who sends a byte of the head every 0.3 seconds", drops)
        head, end, body = POST.partition(b"\r\n\r\n")
        dropping = [(1.5, head + end), *((1.6 + 0.3 * index, body[index : index + 1]) for index in range(len(body)))]
        in_time("a guest whose head comes after 1.5 seconds, and whose body comes byte by byte", dropping)
        expect(200, "a guest whose request is complete after 1.8 seconds", [(0, POST[:9]), (1.8, POST[9:])], _TIME, soon=1.95)

    def two_at_once() -> None:
        shared = "What do your calls share, and who waits for it?"
        evening = Evening("handle of two guests at once", CLOSING, shared)
        slow = Guest(evening, handle, [(0.1, POST[:20]), (0.3, POST[20:40])])
        quick = Guest(evening, handle, [(0.2, GET[:20]), (0.4, GET[20:])])
        evening.run()
        for guest, what, status in (
            (quick, "a guest who comes while another one is slow", 200),
            (slow, "a guest who is slow while another one comes", 408),
        ):
            judge(guest, what, hangs_up=False)
            got = guest.answer().status
            if got != status or (status == 200 and (guest.first or 0) > SOON):
                late = f" after {guest.first:.1f} seconds" if guest.first else ""
                rule = f"{what} must get {status}{' at once' if status == 200 else ''}, and gets {got or 'nothing'}{late}"
                raise RuleBroken(rule, shared)

    def gone() -> None:
        for what, sent in (("nothing", b""), ("half a head", GET[:20]), ("half a body", POST[:-3])):
            plan: list[tuple[float, Sent]] = [(0.01, sent)] if sent else []
            for how, words in (("no more", "hangs up"), ("reset", "is torn away")):
                guest = visit(f"a guest who sends {what} and {words}", [*plan, (0.05, how)], _GONE, hangs_up=True)  # type: ignore[list-item]
                got = guest.answer()
                if got.flaw or got.status not in (None, 400):
                    said = got.flaw or f"gets {got.status}"
                    raise RuleBroken(f"a guest who sends {what} and {words} must get 400 or nothing: {said}", _GONE)
        visit("a guest who is torn away behind a complete request", [(0.01, POST), (0.01, "reset")], _GONE, hangs_up=True)

    def unread() -> None:
        def rest(begin: bytes) -> Plan:
            more = [(0.005 * number, b"z" * 1_500) for number in range(1, 21)]
            return [(0, begin), *more, (0.11, "no more")]

        what = "a guest with far too many bytes"
        expect(413, what, rest(sized(40_000)[:10_000]), _LINGER, reads_last=True)
        expect(413, what, [(0, sized(40_000)), (0.05, sized(40_000)), (0.06, "no more")], _LINGER, reads_last=True)
        expect(400, "a guest with a malformed request and more behind it", rest(b"Soup!\r\n\r\n"), _LINGER, reads_last=True)
        without_end = [(0, sized(40_000)[:10_000]), *((0.05 * number, b"z" * 500) for number in range(1, 1_000))]
        expect(413, "a guest who never stops sending", without_end, _STAYS, polite=False)

    def cancelled() -> None:
        for seconds, sent in ((0.5, b""), (0.5, POST[:-3])):
            what = f"a guest who has sent {'half a body' if sent else 'nothing'} when handle is cancelled"
            plan: Plan = [(0.01, sent)] if sent else []
            guest = visit(what, plan, _CLOSE, hangs_up=True, events=[(seconds, Evening.cancel)], polite=False)
            if guest.ending.seconds > seconds + CLOSING:
                raise RuleBroken(f"handle was cancelled, and went on for {guest.ending.seconds - seconds:.0f} seconds", _CLOSE)

    return tried(
        [good, in_pieces, malformed, sizes, slow, two_at_once, gone, unread, cancelled],
        "Split, oversized, malformed and slow requests get the right answer, and every guest is let go",
        "Follow one guest from the first byte to the closed door: at which await could it end otherwise?",
    )


def _note_length(noted: list[int], guest: Guest) -> None:
    noted.append(len(guest.received))

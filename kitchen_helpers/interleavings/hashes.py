"""Which hashes are not the same in every run of Python, and what `hash` gives for them.

The hash of an object comes from its address, that of a text from a number drawn when Python starts. So `hash` gives an
`Identity` for them, equal for equal values. A `__hash__` of the program's own gives Python a real number, as dicts that are
older than the program were filled with such: it is only remembered what that number came from.
"""

from __future__ import annotations

import decimal
import enum
import fractions
import types
import uuid
import zlib
from typing import Any

from .identities import Identity
from .sites import Site
from .threads import VirtualThread

_HASHES_OF_NUMBERS = {
    cls.__hash__ for cls in (int, float, complex, range, decimal.Decimal, fractions.Fraction, uuid.UUID)
} - {object.__hash__}
_OWN: dict[types.CodeType, bool] = {}
"""The `__hash__` methods of the program, by their code: has it looked at a hash or an id that varies?"""


def own_hash_returns(thread: VirtualThread, code: types.CodeType) -> None:
    """A `__hash__` of the program's is about to return."""
    _OWN[code] = _OWN.get(code, False) or thread.run.hash_varies
    thread.run.hash_varies = False


def varies(value: Any) -> bool:
    """Is the hash of a value not the same in every run of Python?"""
    hashed: Any = type(value).__hash__
    if type(value) is Identity:
        return True
    if hashed in _HASHES_OF_NUMBERS:
        return False
    if hashed is tuple.__hash__ or hashed is frozenset.__hash__:
        return any(varies(item) for item in value)
    if not isinstance(hashed, types.FunctionType) or isinstance(value, enum.Enum):
        return True  # by its address, or by its text
    if hashed.__code__.co_filename == "<string>" and hasattr(value, "__dataclass_fields__"):
        fields = value.__dataclass_fields__.values()
        return any(varies(getattr(value, f.name)) for f in fields if (f.compare if f.hash is None else f.hash))
    if hashed.__code__ not in _OWN:
        hash(value)  # it was put into a set that is older than the program: only now it is seen what it does
    return _OWN.get(hashed.__code__, True)


def number_of(thread: VirtualThread, site: Site, value: Any, anew: bool = True) -> int | None:
    """A number that is equal for values with equal hashes, and the same in every run; None if there is none.

    Without `anew`, objects get none that would get theirs only by being asked.
    """
    cls = type(value)
    hashed: Any = cls.__hash__
    if cls is Identity:
        return int.__add__(value, 0)
    if hashed in _HASHES_OF_NUMBERS:
        return hash(value)
    if hashed is object.__hash__:
        if not anew and not thread.run.session.is_numbered(thread, value):
            return None
        return int.__add__(thread.run.session.identity(thread, site, value), 0)
    if cls is types.MethodType:
        return _mixed([number_of(thread, site, part, anew) for part in (value.__self__, value.__func__)])
    if hashed is tuple.__hash__ or hashed is frozenset.__hash__:
        parts = [number_of(thread, site, item, anew) for item in value]
        return _mixed(parts if hashed is tuple.__hash__ else sorted(parts, key=lambda part: part or 0))
    if hashed in (str.__hash__, bytes.__hash__) or value is None:
        return _crc(value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass"))
    if isinstance(value, enum.Enum) and hashed is enum.Enum.__hash__:
        return _crc(value.name.encode())
    return None


def told(thread: VirtualThread, site: Site, value: Any, real: int) -> int:
    """What `hash(value)` gives to the program, where it really is `real`."""
    if site.hashing:
        thread.run.hash_varies = thread.run.hash_varies or varies(value)
        return real
    if not varies(value):
        return real
    hashed: Any = type(value).__hash__
    if hashed is object.__hash__:
        return thread.run.session.identity(thread, site, value, "hash")
    number = number_of(thread, site, value)
    if number is None or thread.run.session.is_kept(real):
        thread.run.sharing.refuse(site, "a hash is asked for that is not the same in every run")
        return real
    thread.run.ids_given = True
    return Identity.of(number, site, "hash")


def _crc(text: bytes) -> int:
    return (zlib.crc32(text) << 32) + zlib.crc32(text[::-1])


def _mixed(parts: list[int | None]) -> int | None:
    return None if None in parts else _crc(repr(parts).encode())

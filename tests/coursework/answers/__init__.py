"""Right and wrong answers to the questions: one module per question, each with `RIGHT` and `WRONG`.

RIGHT: name -> source of an answer cell. WRONG: name -> (source, words that the message must contain), one planted bug each;
where the hint is about this very bug, words of it stand third.
TOO_LARGE, where there is one: right answers with more schedules than there is time for; they are left to the teacher.
UNEXPLORABLE, where there is one: right answers with something that has no model: name -> (source, words that the message must
contain, words that the hint must contain, which says what to write instead).
"""


def planted(source: str, *changes: str) -> str:
    """A right answer with a bug: each pair of changes is what stood there, and what stands there now."""
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in source, f"{old!r} is not in the answer"
        source = source.replace(old, new)
    return source

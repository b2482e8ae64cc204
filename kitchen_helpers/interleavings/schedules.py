"""A schedule as a short string, the same on every version and machine."""

from __future__ import annotations

Choice = tuple[int, int]
"""A thread's number, and which of the alternatives of its step."""


def encode(choices: list[Choice], strict: bool = False) -> str:
    """A schedule as a short string: who takes how many steps, "A1 B2 A1".

    "/1" marks a step's other alternative, "strict" in front that wake-ups were as free as the documentation allows.
    """
    words: list[str] = ["strict"] if strict else []
    run: list[int] = [-1, 0]
    for number, alternative in choices:
        if number == run[0]:
            run[1] += 1
        else:
            if run[1]:
                words.append(f"{letter(run[0])}{run[1]}")
            run = [number, 1]
        if alternative:
            words.append(f"{letter(number)}{run[1]}/{alternative}")
            run = [-1, 0]
    if run[1]:
        words.append(f"{letter(run[0])}{run[1]}")
    return " ".join(words)


def decode(schedule: str) -> tuple[list[Choice], bool]:
    """The inverse of `encode`."""
    choices: list[Choice] = []
    words = schedule.split()
    strict = words[:1] == ["strict"]
    for word in words[strict:]:
        body, _, alternative = word.partition("/")
        name = body.rstrip("0123456789")
        count = body[len(name) :]
        if (
            not name
            or not name.isalpha()
            or not name.isupper()
            or not count
            or (alternative and not alternative.isdigit())
        ):
            raise ValueError(
                f"{word!r} in the schedule {schedule!r} is not a letter and a number of steps; "
                'a schedule looks like "A1 B2 A1", take it from exploration.counterexample.schedule'
            )
        choices.extend([(number_of(name), 0)] * int(count))
        if alternative:
            choices[-1] = (number_of(name), int(alternative))
    return choices, strict


def letter(number: int) -> str:
    """Thread 0, the program itself, is M; the others are A, B, … without M, then AA, AB, …"""
    if number == 0:
        return "M"
    letters = "ABCDEFGHIJKLNOPQRSTUVWXYZ"
    number -= 1
    word = letters[number % 25]
    while number >= 25:
        number = number // 25 - 1
        word = letters[number % 25] + word
    return word


def number_of(name: str) -> int:
    if name == "M":
        return 0
    letters = "ABCDEFGHIJKLNOPQRSTUVWXYZ"
    number = 0
    for character in name:
        number = number * 25 + letters.index(character) + 1
    return number

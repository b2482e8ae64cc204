"""The drawing: that it is sound as SVG, says what the steps say, and stays readable; how it looks is for the eye."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock, Thread
from typing import Any
from xml.etree import ElementTree

import lane_examples
import pytest

import kitchen_helpers as kh
from kitchen_helpers.interleavings import theme
from kitchen_helpers.interleavings.drawing import html_report, svg_lanes
from kitchen_helpers.interleavings.verdict import Counterexample, Failure

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLES = pytest.mark.parametrize("make", lane_examples.ALL.values(), ids=lane_examples.ALL)


def pictures(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)]


def classes(html: str) -> set[str]:
    return {name for svg in pictures(html) for part in svg.iter() for name in part.get("class", "").split()}


@EXAMPLES
def test_every_picture_is_sound_and_has_a_title_and_a_twin(make: object) -> None:
    html = svg_lanes(make())  # type: ignore[operator]
    for svg in pictures(html):
        assert svg.get("role") == "img"
        title = svg.find(f"{SVG}title")
        assert title is not None and title.text
    assert "<details>" in html and "repeat it:" in html
    assert html == svg_lanes(make())  # type: ignore[operator]
    html.encode()


@EXAMPLES
def test_all_is_inside_the_picture(make: object) -> None:
    for svg in pictures(svg_lanes(make())):  # type: ignore[operator]
        _, _, wide, high = map(float, svg.get("viewBox", "").split())
        for text in svg.iter(f"{SVG}text"):
            room = theme.pixels(text.text or "", 12 if "small" in text.get("class", "") else 13)
            x = float(text.get("x", "0"))
            left = x - room * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
            assert left >= -1 and left + room <= wide + 1, text.text
            assert 0 <= float(text.get("y", "0")) <= high
        for box in svg.iter(f"{SVG}rect"):
            assert float(box.get("x", "0")) >= 0 and float(box.get("x", "0")) + float(box.get("width", "0")) <= wide
            assert float(box.get("y", "0")) + float(box.get("height", "0")) <= high


@EXAMPLES
def test_no_path_or_address_is_shown(make: object) -> None:
    html = svg_lanes(make())  # type: ignore[operator]
    assert not re.search(r"/tmp|/home|ipykernel|0x7f", html)


def test_what_comes_from_the_program_is_escaped() -> None:
    html = svg_lanes(lane_examples.hostile())
    for bad in ("<script", "<img", "<i>", "<b>bold", "</svg><b>", "\x00", "\x1b", "\u202e"):
        assert bad not in html
    assert len(pictures(html)) == 1


def test_each_card_shows_its_line_of_code_on_hover() -> None:
    titles = [title.text for svg in pictures(svg_lanes(lane_examples.lost_update())) for title in svg.iter(f"{SVG}title")]
    assert "step 3: Ben writes value ← 1 (line 4: self.value += 1)" in titles
    assert titles.count("line 4: self.value += 1") == 4


def test_reads_are_pale_and_writes_are_solid() -> None:
    cards = [group.get("class", "").split() for svg in pictures(svg_lanes(lane_examples.lost_update()))
             for group in svg.iter(f"{SVG}g") if any(part.get("class") == "card" for part in group)]
    assert [card[:2] for card in cards] == [["read", "t0"], ["read", "t1"], ["write", "t1"], ["write", "t0"]]


def test_a_free_switch_differs_from_a_forced_one_in_word_and_line() -> None:
    html = svg_lanes(lane_examples.lost_update())
    assert "switch: Ana is interrupted" in html and "switch (Ben is done)" in html
    assert {"free", "forced"} <= classes(html)


def test_a_written_value_is_marked_and_a_read_one_is_not() -> None:
    svg = pictures(svg_lanes(lane_examples.lost_update()))[0]
    assert sum(part.get("class") == "changed" for part in svg.iter()) == 2


def test_the_number_of_a_line_is_not_parted_from_its_word() -> None:
    text = "waits for ever for paper (line 6)"
    for room in range(60, 300, 5):
        assert any("(line 6)" in line for line in theme.wrap(text, room, most=9))


def test_a_value_is_written_out_where_two_lanes_leave_room_for_it() -> None:
    found = lane_examples.lost_update()
    value = "['guest of Dua', 'guest of Cem']"
    for steps, whole in ((found.steps, True), (lane_examples.ring().steps[-1:] + found.steps, False)):
        steps = (*steps[:-1], replace(steps[-1], value=value))
        text = svg_lanes(replace(found, steps=steps))
        assert (f">{theme.safe(value)}</text>" in text) == whole


def test_locks_and_blocking_are_seen_and_explained_only_where_they_occur() -> None:
    html = svg_lanes(lane_examples.transfer_deadlock())
    assert "held" in classes(html) and "-hatch)" in html
    assert "holds a lock" in html and "is blocked" in html and "holds a.lock" in html
    plain = svg_lanes(lane_examples.lost_update())
    assert "held" not in classes(plain) and "-hatch)" not in plain
    assert "holds a lock" not in plain and "is blocked" not in plain


def test_who_waits_since_it_said_so_is_told_apart_from_who_is_held_up() -> None:
    def states(counterexample: Counterexample) -> list[str]:
        texts = [text.text or "" for text in pictures(svg_lanes(counterexample))[0].iter(f"{SVG}text")]
        return [text for text in texts if text in ("still waits", "is blocked")]

    def crossed() -> None:
        knife, board = Lock(), Lock()

        def work(first: Any, second: Any) -> None:
            with first, second:
                pass

        cooks = [Thread(target=work, args=locks, name=name) for name, locks in (("Ana", (knife, board)), ("Ben", (board, knife)))]
        for cook in cooks:
            cook.start()
        for cook in cooks:
            cook.join()

    found = kh.explore(crossed).counterexample
    assert found is not None and states(found) == ["is blocked"]
    assert states(lane_examples.lost_wakeup()) == ["still waits", "still waits"]


def test_hatching_begins_below_the_card_after_which_a_thread_is_blocked() -> None:
    svg = pictures(svg_lanes(lane_examples.transfer_deadlock()))[0]
    cards = [(float(part.get("y", "0")), float(part.get("x", "0"))) for part in svg.iter() if part.get("class") == "card"]
    hatched = [(float(part.get("y", "0")), float(part.get("x", "0"))) for part in svg.iter() if "-hatch)" in part.get("fill", "")]
    for y, x in cards[:2]:  # (those below say that it waits for ever, and stand in the hatching)
        mine = [top for top, left in hatched if abs(left - x) < 10]
        assert mine and all(top >= y + 30 for top in mine)


def test_those_who_wait_for_ever_say_in_which_line_unless_it_is_one_for_all() -> None:
    found = lane_examples.transfer_deadlock()
    first, *others = found.failure.waits
    parted = replace(found, failure=replace(found.failure, waits=(replace(first, line=99), *others)))
    assert ">(line 99)</text>" in svg_lanes(parted) and "(line 99)</text>" not in svg_lanes(found)


def test_a_deadlock_has_its_circle() -> None:
    assert len(pictures(svg_lanes(lane_examples.transfer_deadlock()))) == 2
    assert len(pictures(svg_lanes(lane_examples.ring(6)))) == 2
    assert len(pictures(svg_lanes(lane_examples.lost_wakeup()))) == 1  # nobody waits for anybody
    circle = pictures(svg_lanes(lane_examples.ring()))[1]
    assert sum(part.get("class") == "arrow free" for part in circle.iter()) == 3
    assert [text.text for text in circle.iter(f"{SVG}text") if (text.text or "").startswith("waits")] == [
        "waits for fork 1", "waits for fork 2", "waits for fork 0"]


def test_the_failing_step_is_marked_by_more_than_a_colour() -> None:
    html = svg_lanes(lane_examples.worker_exception())
    assert "fails" in classes(html) and ">✗ 4</text>" in html
    assert "✗ then: AssertionError in main" in svg_lanes(lane_examples.lost_update())  # main has no lane of its own


def test_the_last_row_says_who_waits_for_ever_and_who_failed() -> None:
    html = svg_lanes(lane_examples.transfer_deadlock())
    assert html.count(">waits for ever for b.lock</text>") == html.count(">waits for ever for a.lock</text>") == 1
    found = lane_examples.worker_exception()
    assert ">↑ ✗ then KeyError (line 4)</text>" in svg_lanes(replace(found, steps=found.steps[:3]))
    assert ">✗ KeyError</text>" in svg_lanes(replace(found, steps=found.steps[1:3]))  # Ana has no step


def test_a_livelock_has_an_arrow_back() -> None:
    assert "↺" in svg_lanes(lane_examples.polite_livelock())
    assert "↺" not in svg_lanes(lane_examples.polite_livelock(rounds=1))


def test_a_long_schedule_stays_a_picture() -> None:
    svg = pictures(svg_lanes(lane_examples.long(10_000)))[0]
    assert float(svg.get("height", "0")) < 1200
    assert float(pictures(svg_lanes(lane_examples.polite_livelock(300)))[0].get("height", "0")) < 5000


def test_drawings_on_one_page_do_not_collide() -> None:
    first, second = svg_lanes(lane_examples.lost_update()), svg_lanes(lane_examples.transfer_deadlock())
    names = [set(re.findall(r'id="([^"]+)"', html)) for html in (first, second)]
    assert names[0] and names[1] and not names[0] & names[1]
    scope = re.search(r'<div class="(kh-\w+)">', first)
    assert scope is not None
    rules = re.search(r"<style>(.*?)</style>", first, flags=re.DOTALL)
    assert rules is not None
    for selector in re.findall(r"([^{}]+)\{[^{}]*\}", rules.group(1).replace("@media (prefers-color-scheme:dark){", "")):
        assert all(f".{scope.group(1)}" in part for part in selector.split(",")), selector
    assert 'id=""' not in first and "KITCHEN" not in first


def test_both_themes_are_there_and_the_notebook_goes_before_the_system() -> None:
    html = svg_lanes(lane_examples.lost_update())
    system, dark = html.index("prefers-color-scheme:dark"), html.index('body[data-jp-theme-light="false"]')
    assert system < html.index('body[data-jp-theme-light="true"]') and system < dark
    assert "var(--jp-content-font-color0" in html and "var(--jp-layout-color0" in html


def luminance(colour: str) -> float:
    if len(colour) == 4:
        colour = "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("at", [0, -1], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(at: int) -> None:
    """WCAG 2.1, level AA: 4.5 to 1."""
    palettes = re.findall(r"--paper:[^}]*", theme.style("x"))
    colour = {name: re.sub(r"var\(--jp-[\w-]+,(#\w+)\)", r"\1", value)
              for name, value in re.findall(r"--(\w+):([^;]+);", palettes[at])}
    pairs = [("ink", "paper"), ("soft", "paper"), ("bad", "paper"), ("bad", "badpale"), ("ink", "mark"), ("good", "paper")]
    pairs += [pair for i in range(theme.LANE_COLOURS) for pair in ((f"i{i}", f"c{i}"), ("ink", f"p{i}"))]
    for text, ground in pairs:
        assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)


def test_reports_say_the_verdict_and_no_time() -> None:
    holds = html_report(lane_examples.exploration("holds"))
    assert "✓" in holds and "sequentially consistent" in holds and "<svg" not in holds
    unfinished = html_report(lane_examples.exploration("unfinished"))
    assert "this is no pass" in unfinished and "✓" not in unfinished
    fails = html_report(lane_examples.exploration("fails", reduced=False))
    assert "<svg" in fails and "6 schedules were run" in fails and "outcomes: ok 2, exception 4" in fails
    assert html_report(lane_examples.exploration(seconds=1.0)) == html_report(lane_examples.exploration(seconds=2.0))


def test_a_failure_without_a_schedule_is_told() -> None:
    html = html_report(lane_examples.exploration("fails", counterexample=None, failure=Failure("deadlock", "all wait")))
    assert "fails: all wait; 6 schedules were run" in html


@pytest.mark.parametrize("seed", range(60))
def test_anything_can_be_drawn(seed: int) -> None:
    example: Counterexample = lane_examples.random_counterexample(seed)
    for svg in pictures(svg_lanes(example)):
        assert svg.get("viewBox")
    html_report(lane_examples.exploration("fails", counterexample=replace(example, schedule="B2")))


def test_a_step_that_stands_in_no_line_of_the_program_names_none() -> None:
    def program() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: pool.submit(int).result()).result()

    found = kh.explore(program)
    assert "takes " in str(found) and "line 0" not in str(found)
    assert "line 0" not in html_report(found) and ">0</text>" not in html_report(found)


@pytest.mark.parametrize("objects", [1, 2, 3])
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_what_two_to_four_threads_do_fits_into_a_narrow_window(threads: int, objects: int) -> None:
    """At 0.7 of its size, which is as small as it gets; what is shortened for that is whole under the pointer."""
    first, *_ = lane_examples.lost_update().steps
    names = ["Anastasia", "Ben", "Cem", "Dua"][:threads]
    steps = tuple(
        replace(first, number=i + 1, thread=names[i % threads], kind="write", object=f"larder.shelf{i % objects}",
                action=f"larder.shelf{i % objects}.append('a rather large dish')", value=f"['a rather large dish', {i}]")
        for i in range(12)
    )  # fmt: skip
    html = svg_lanes(replace(lane_examples.lost_update(), threads=tuple(names), steps=steps))
    [picture] = pictures(html)
    if (threads, objects) != (4, 3):  # eight columns do scroll
        assert float(picture.get("width", "")) <= 816
    assert "larder.shelf0: [&#x27;a rather large dish&#x27;, 0]" in html


def test_who_is_blocked_at_the_end_is_not_said_to_be_done() -> None:
    """Also where the failure does not name it among those that wait: the check of the coursework is left out there."""
    found = lane_examples.transfer_deadlock()
    assert "is done" not in svg_lanes(found)
    first, *others = found.failure.waits
    assert "is done" not in svg_lanes(replace(found, failure=replace(found.failure, waits=tuple(others))))

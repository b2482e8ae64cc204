"""The widgets without a browser: values are set and buttons clicked, and what they show changes."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading

import matplotlib
import pytest
from matplotlib.figure import Figure

import kitchen_helpers as kh
from kitchen_helpers.widgets import prediction, shown, simulator
from tests.driven_programs import Tally, corridor, locked, lost_update, run_all

ipywidgets = pytest.importorskip("ipywidgets")
matplotlib.use("agg")

VIEW = "application/vnd.jupyter.widget-view+json"


def impatient():
    """Each goes round until the other has come: nobody comes."""
    here = Tally()

    def wait():
        while here.plates == 0:
            pass

    run_all(Ana=wait, Ben=wait)


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture(autouse=True)
def no_names(monkeypatch):
    monkeypatch.setattr(prediction, "_kept", {})


def inside(widget):
    """All the widgets in a box."""
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += inside(child)
    return found


def buttons(shown):
    return {one.description: one for one in inside(shown.widget) if isinstance(one, ipywidgets.Button)}


def html(shown):
    """What the box shows but for its style sheets."""
    texts = [one.value for one in inside(shown.widget) if isinstance(one, ipywidgets.HTML)]
    return re.sub(r"<style>.*?</style>", "", "\n".join(texts), flags=re.DOTALL)


def of_class(shown, name):
    return [one for one in inside(shown.widget) if name in one._dom_classes]


def press(shown, start):
    """Click the button whose text begins so, as a reader could."""
    one = next(one for text, one in buttons(shown).items() if text.startswith(start))
    assert not one.disabled, f"{one.description} cannot be clicked"
    one.click()
    assert "kitchen-error" not in html(shown), html(shown)


# Step through


def test_stepping_forwards_and_back_shows_each_step():
    stepper = kh.step_through(kh.explore(lost_update))
    assert "Nobody has taken a step yet" in html(stepper)
    assert "now" not in re.findall("<tr class=(now)>", html(stepper))
    seen = []
    for action in ("reads plates → 0", "reads plates → 0", "writes plates ← 1", "writes plates ← 1"):
        press(stepper, "forward")
        assert re.findall(r"<tr class=now>.*?</tr>", html(stepper))[0].count(action) == 1
        seen.append(html(stepper))
    assert "Ben&#x27;s update is lost" in seen[-1]
    assert "AssertionError" in seen[-1]
    assert not any("AssertionError" in earlier for earlier in seen[:-1])
    for earlier in reversed(seen[:-1]):
        press(stepper, "◀")
        assert html(stepper) == earlier


def test_the_ends_cannot_be_passed():
    stepper = kh.step_through(kh.explore(lost_update))
    slider = next(one for one in inside(stepper.widget) if isinstance(one, ipywidgets.IntSlider))
    assert [one.disabled for one in buttons(stepper).values()] == [True, True, False, False]
    press(stepper, "end")
    assert [one.disabled for one in buttons(stepper).values()] == [False, False, True, True]
    assert stepper.at == slider.value == 4
    slider.value = 2
    assert stepper.at == 2
    assert "Step 2 of 4: Ben reads" in html(stepper)
    stepper.at = 99
    assert slider.value == 4
    press(stepper, "start")
    assert slider.value == 0


def test_the_values_and_the_line_go_along():
    stepper = kh.step_through(kh.explore(lost_update))
    press(stepper, "forward")
    assert re.search(r"<b>Ana ▶ .*self\.plates \+= 1", html(stepper))
    assert '<td class="value">0</td>' in html(stepper)
    press(stepper, "forward")
    press(stepper, "forward")
    assert '<td class="value changed">1</td>' in html(stepper)


def test_who_holds_what_and_who_waits():
    stepper = kh.step_through(kh.explore(corridor))
    press(stepper, "forward")
    assert "<b>Ana</b> holds west</li>" in html(stepper)
    press(stepper, "end")
    assert "<b>Ana</b> holds west and waits for ever for east, held by Ben</li>" in html(stepper)
    assert "deadlock" in html(stepper)


def test_a_livelock_without_a_step_can_be_stepped_through():
    stepper = kh.step_through(kh.explore(impatient))
    assert stepper.exploration.failure.kind == "livelock"
    assert "Nobody has taken a step" in html(stepper)


def test_what_holds_has_nothing_to_step_through():
    stepper = kh.step_through(kh.explore(locked))
    assert buttons(stepper) == {}
    assert "locked: holds. There is no failing schedule to step through." in html(stepper)
    with pytest.raises(TypeError, match="what kh.explore returns"):
        kh.step_through(lost_update)


# Drive


def test_a_reader_breaks_the_program_and_is_told():
    driver = kh.drive(lost_update)
    for name in ("Ana", "Ben", "Ben"):
        assert "You broke it" not in html(driver)
        press(driver, f"{name}: ")
    press(driver, "Ana: writes plates")
    assert "You broke it, in 4 steps: AssertionError" in html(driver)
    assert all(one.disabled for one in of_class(driver, "kitchen-thread"))


def test_the_right_way_is_no_proof():
    driver = kh.drive(lost_update)
    for name in ("Ana", "Ana", "Ben", "Ben"):
        press(driver, f"{name}: ")
    assert "All is well this time" in html(driver)
    press(driver, "show the shortest way")
    assert "failing schedule: 4 steps" in html(driver)


def test_while_every_order_is_run_the_box_says_so(monkeypatch):
    driver, seen = kh.drive(lost_update), []
    buttons(driver)
    real = driver.drive.shortest
    monkeypatch.setattr(driver.drive, "shortest", lambda: seen.append(html(driver)) or real())
    press(driver, "show the shortest way")
    assert "Every order is being run. That can take up to 10 s" in seen[0]
    assert "is being run" not in html(driver) and "Who goes first?" in html(driver)


def test_whoever_disables_a_button_by_pressing_it_goes_on_beside_it(monkeypatch):
    focused = []
    monkeypatch.setattr(ipywidgets.Button, "focus", lambda one: focused.append(one.description))
    stepper = kh.step_through(kh.explore(lost_update))
    for name in ("forward", "◀ back", "end", "start", "forward"):
        press(stepper, name)
    assert focused == ["forward ▶", "◀ back", "forward ▶"]  # after ◀ back, end and start
    focused.clear()
    driver = kh.drive(locked)
    press(driver, "Ana: acquires lock")
    press(driver, "take back")
    assert len(focused) == 1 and focused[0].startswith("Ben: ")
    press(driver, "Ben: acquires lock")
    press(driver, "start again")
    assert focused[1:] == ["show the shortest way"]


def test_taking_back_goes_back_all_the_way():
    driver = kh.drive(lost_update)
    assert buttons(driver)["take back"].disabled
    seen = [html(driver)]
    for name in ("Ben", "Ana", "Ana", "Ben"):
        press(driver, f"{name}: ")
        seen.append(html(driver))
    for earlier in reversed(seen[:-1]):
        press(driver, "take back")
        assert html(driver) == earlier
    press(driver, "Ana: ")
    press(driver, "start again")
    assert html(driver) == seen[0]


def test_the_blocked_cannot_be_picked_and_say_why():
    driver = kh.drive(locked)
    press(driver, "Ana: acquires lock")
    ben = buttons(driver)["Ben: waits for lock, which Ana holds"]
    assert ben.disabled
    assert "line " in ben.tooltip
    before = html(driver)
    ben.click()  # as a click that was on its way
    assert html(driver) == before
    assert "waits for lock, which Ana holds" in before
    press(driver, "show the shortest way")
    assert "none fails" in html(driver)


def test_driving_into_a_deadlock_and_out_again():
    driver = kh.drive(corridor)
    press(driver, "Ana: ")
    press(driver, "Ben: ")
    assert "You broke it, in 2 steps: deadlock" in html(driver)
    assert "<b>Ana</b> holds west and waits for ever for east</li>" in html(driver)
    press(driver, "take back")
    for name in ("Ana", "Ben", "Ben"):
        press(driver, f"{name}: ")
    assert "All is well" in html(driver)


def test_a_livelock_without_choices_is_told():
    driver = kh.drive(impatient)
    assert "livelock" in html(driver)
    assert "round in circles" in str(driver)


def test_an_error_of_a_button_is_shown_in_the_box(monkeypatch):
    driver = kh.drive(lost_update)
    buttons(driver)
    monkeypatch.setattr(driver.drive, "go", lambda *_: 1 / 0)
    buttons(driver)["Ana: reads plates"].click()
    assert "kitchen-error" in html(driver)
    assert "ZeroDivisionError: division by zero" in html(driver)
    monkeypatch.undo()
    press(driver, "Ben: ")


# Simulate


@pytest.fixture
def kitchen():
    return kh.simulate(dishes=2, cooks=2, seconds=0.005)


def sliders(kitchen):
    return {one.description: one for one in inside(kitchen.widget) if isinstance(one, ipywidgets.IntSlider)}


def picture(kitchen):
    return re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', html(kitchen))[0]


def test_each_move_of_a_slider_is_a_real_run_with_its_own_picture(kitchen):
    assert sorted(sliders(kitchen)) == ["cooks", "dishes", "waiting, %"]
    seen = [picture(kitchen)]
    for number, (name, value) in enumerate([("dishes", 4), ("cooks", 3), ("waiting, %", 50)], 2):
        sliders(kitchen)[name].value = value
        assert kitchen.runs == number
        seen.append(picture(kitchen))
    assert len({data for data, _ in seen}) == 4
    assert "real run 4, 4 dishes that wait 50 % of their time, 3 cooks" in seen[-1][1]
    assert "threads ×3" in html(kitchen)
    assert [span.item for span in kitchen.comparison.runs("threads")[0].spans] == [0, 1, 2, 3]


def test_the_same_order_again_is_another_run(kitchen, monkeypatch):
    before = picture(kitchen), kitchen.runs
    monkeypatch.setattr(simulator, "_STALE", 0)
    press(kitchen, "run again")
    assert kitchen.runs == before[1] + 1
    assert picture(kitchen) != before[0]


def test_a_storm_of_moves_is_one_run_in_a_notebook(kitchen):
    async def storm():
        for dishes in (3, 5, 7, 9, 4, 6, 8, 10, 3, 4):
            sliders(kitchen)["dishes"].value = dishes
            await asyncio.sleep(0)
        ran_during = kitchen.runs
        while kitchen.runs == ran_during:  # noqa: ASYNC110 - nothing tells when a timer has run
            await asyncio.sleep(0.02)
        await asyncio.sleep(2 * simulator._PAUSE)
        return ran_during

    assert asyncio.run(storm()) == 1
    assert kitchen.runs == 2
    assert kitchen.order.dishes == 4


def test_no_run_begins_while_another_one_goes_on(kitchen, monkeypatch):
    """The moves come in the middle of a run: the last one is cooked when it is over, and nothing else."""
    at_once, most, orders = 0, 0, []
    real = simulator.compare

    def watched(task, items, **options):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        orders.append(len(items))
        if len(orders) == 1:
            for dishes in (6, 7, 8, 9):
                sliders(kitchen)["dishes"].value = dishes
            buttons(kitchen)["run again"].click()
            assert "The kitchen is running" in html(kitchen)
            assert not buttons(kitchen)["run again"].disabled  # it would lose the keyboard's focus
        done = real(task, items, **options)
        at_once -= 1
        return done

    buttons(kitchen)
    monkeypatch.setattr(simulator, "compare", watched)
    sliders(kitchen)["dishes"].value = 5
    assert (orders, most) == ([5, 9], 1)
    assert kitchen.order.dishes == 9
    buttons(kitchen)["run again"].click()  # it had been clicked while the kitchen ran
    assert orders == [5, 9]
    monkeypatch.setattr(simulator, "_STALE", 0)  # as if somebody had seen the end, and clicked then
    buttons(kitchen)["run again"].click()
    assert orders == [5, 9, 9]


def test_a_run_that_fails_says_so_and_the_next_one_works(kitchen, monkeypatch):
    buttons(kitchen)
    monkeypatch.setattr(simulator, "compare", lambda *_, **__: 1 / 0)
    sliders(kitchen)["dishes"].value = 3
    assert "ZeroDivisionError" in html(kitchen)
    monkeypatch.undo()
    sliders(kitchen)["dishes"].value = 4
    assert "ZeroDivisionError" not in html(kitchen)
    assert kitchen.order.dishes == 4


@pytest.mark.parametrize("wrong", [{"dishes": 0}, {"dishes": 11}, {"cooks": 9}, {"waiting": 101}])
def test_orders_have_limits(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        kh.simulate(**wrong)


# Predict


def field(asked):
    return next(one for one in inside(asked.widget) if isinstance(one, ipywidgets.Text | ipywidgets.RadioButtons))


def test_a_prediction_stands_beside_the_measurement():
    asked = kh.predict("gain", "How many times as fast?", unit="times")
    assert "Nothing is noted yet" in html(asked)
    field(asked).value = "16"
    assert "Noted: 16 times" in html(asked)
    beside = asked.beside(kh.Speedup(2.0, 1.5, 2.5))
    assert str(beside).splitlines() == [
        "You predicted: 16 times",
        "Measured here: 2.00 (1.50 – 2.50) times",
        "You predicted 8.0 times what was measured. Why?",
    ]
    assert "You predicted: 16 times" in beside._repr_html_()


def test_nobody_has_to_answer():
    asked = kh.predict("gain", "How many times as fast?")
    assert asked.answer is None
    assert "You did not predict" in str(asked.beside(1.5))
    axes = Figure().add_subplot()
    assert asked.mark(axes).lines[:] == []


@pytest.mark.parametrize(
    ("written", "number"),
    [("12", 12), (" 1,200 ", 1200), ("12 000", 12000), ("0.5", 0.5), (".5", 0.5), ("-3", -3), ("1e3", 1000), ("50 %", 50),
     ("4 ×", 4), ("4x", 4), ("3 plates", 3)],
)  # fmt: skip
def test_numbers_as_people_write_them(written, number):
    asked = kh.predict("lost", "How many?", unit="plates")
    field(asked).value = written
    assert asked.answer == number


@pytest.mark.parametrize("written", ["many", "1 or 2", "--", "nan", "inf", "1e999", "."])
def test_what_is_no_number_is_not_noted(written):
    asked = kh.predict("lost", "How many?")
    field(asked).value = "7"
    field(asked).value = written
    assert asked.answer == 7
    assert "is no number" in html(asked) or "kitchen-error" in html(asked)
    field(asked).value = ""
    assert asked.answer is None


def test_one_of_several_choices():
    asked = kh.predict("verdict", "Which?", choices=["holds", "fails"])
    assert field(asked).value is None
    field(asked).value = "holds"
    assert asked.answer == "holds"
    assert "Otherwise than predicted." in str(asked.beside("fails"))
    assert "As predicted." in str(asked.beside("holds"))
    with pytest.raises(ValueError, match="none of the choices"):
        asked.answer = "perhaps"


def test_an_answer_outlives_its_cell_and_a_late_one_is_told():
    field(kh.predict("gain", "How many times?")).value = "3"
    again = kh.predict("gain", "How many times?")
    assert field(again).value == "3"
    assert kh.predict("gain") is again
    again.beside(2.9)
    field(again).value = "2.9"
    assert "(written after the measurement)" in str(again.beside(2.9))
    with pytest.raises(KeyError, match="nothing was asked"):
        kh.predict("never asked")


def test_a_prediction_is_marked_in_a_plot():
    asked = kh.predict("gain", "How many times?", unit="times")
    asked.answer = 16
    axes = asked.mark(Figure().add_subplot())
    assert [list(line.get_ydata()) for line in axes.lines] == [[16, 16]]
    assert axes.get_legend().get_texts()[0].get_text() == "your prediction: 16 times"


@pytest.mark.parametrize(
    ("predicted", "measured", "words"),
    [
        (3, 3, "Exactly"),
        (3.1, 3, "Within a tenth"),
        (4, 3, "more"),
        (2, 3, "less"),
        (-1, 3, "less"),
        (1, 8, "8.0 times your"),
    ],
)
def test_how_far_off(predicted, measured, words):
    assert words in prediction._judged(predicted, measured)


# Shown without buttons


def everything():
    return {
        "kitchen-simulator": kh.simulate(dishes=2, seconds=0.002),
        "kitchen-stepper": kh.step_through(kh.explore(lost_update)),
        "kitchen-driver": kh.drive(lost_update),
        "kitchen-prediction": kh.predict("gain", "How many times?"),
    }


def test_each_has_a_view_and_says_the_same_as_text_and_html():
    for name, one in everything().items():
        bundle = one._repr_mimebundle_()
        assert bundle[VIEW]["model_id"] == one.widget.model_id
        assert name in one.widget._dom_classes
        assert len(bundle["text/plain"]) > 20
        assert "VBox" not in bundle["text/plain"]
        assert "<" in bundle["text/html"]
        assert all(f'alt="{words}' not in bundle["text/html"] for words in ('"', " "))
    assert "Ben's update is lost" in kh.step_through(kh.explore(lost_update))._repr_mimebundle_()["text/plain"]


def test_controls_have_names_for_those_who_cannot_see_them():
    for one in everything().values():
        for control in inside(one.widget):
            if isinstance(
                control, ipywidgets.Button | ipywidgets.IntSlider | ipywidgets.Text | ipywidgets.RadioButtons
            ):
                assert control.tooltip


def test_without_ipywidgets_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shown, "has_ipywidgets", lambda: False)
    for one in everything().values():
        bundle = one._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/html"}
        assert "pip install ipywidgets" in bundle["text/plain"]
        assert "pip install ipywidgets" in bundle["text/html"]
        with pytest.raises(ModuleNotFoundError, match="pip install ipywidgets"):
            one.widget  # noqa: B018
    asked = kh.predict("gain", "How many times?")
    asked.answer = 4
    assert "You predicted: 4" in str(asked.beside(4))


def test_ipywidgets_is_loaded_when_something_is_shown_and_not_before():
    code = (
        "import sys, kitchen_helpers as kh\n"
        "kh.predict('gain', 'How many?'), kh.simulate, kh.step_through, kh.drive\n"
        "assert not {'ipywidgets', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

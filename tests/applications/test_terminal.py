"""Signals: raised where they come, but never within a section that must not be interrupted."""

import os
import signal

import pytest

from pyannote.audio.applications import signals, terminal


@pytest.fixture(autouse=True)
def handlers():
    """Those of the test run are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_waits_for_the_end_of_a_section(number, code):
    done = []

    def command():
        with signals.uninterrupted():
            os.kill(os.getpid(), number)
            done.append("written")
        done.append("gone on")

    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert terminal.run(command) == code
    assert done == ["written"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_that_python_drops_is_heard_by_the_next_step(number, code):
    done = []

    class Dropping:
        def __del__(self):
            os.kill(os.getpid(), number)

    def command():
        for step in terminal.bar(range(5), total=5, description=""):
            done.append(step)
            if step == 1:
                # what is raised while an object is cleaned up is dropped
                Dropping()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert terminal.run(command) == code
    assert done == [0, 1]


def test_a_signal_is_heard_once():
    def command():
        with signals.uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert terminal.run(command) == 130
    # work that follows in the same process
    with signals.uninterrupted():
        pass
    assert list(terminal.bar(range(2), total=2, description="")) == [0, 1]

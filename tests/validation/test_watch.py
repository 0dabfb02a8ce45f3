"""Which epochs are validated, and when that ends."""

import itertools

import pytest

from pyannote.audio.validation.watch import watch


class Training:
    """A training that saves what `saved` says, and ends after the last of it."""

    def __init__(self, *saved):
        self.saved, self.looks = saved, 0

    def available(self):
        self.looks += 1
        return list(self.saved[min(self.looks, len(self.saved)) - 1])

    def running(self):
        return self.looks < len(self.saved) - 1


def watched(training, done=(), **arguments):
    return list(
        itertools.islice(watch(training.available, training.running, set(done), poll=0.0, **arguments), 100)
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"every": 3}, [3, 6]),
        ({"first": 4}, [4, 5, 6, 7]),
        ({"last": 3}, [1, 2, 3]),
        ({"first": 2, "last": 6, "every": 2}, [2, 4, 6]),
        ({"newest_first": True}, [7, 6, 5, 4, 3, 2, 1]),
        ({"newest_first": True, "last": 5}, [5, 4, 3, 2, 1]),
        ({"done": [1, 2, 5]}, [3, 4, 6, 7]),
        ({"done": range(1, 8)}, []),
        ({"first": 8}, []),
    ],
)
def test_after_a_training(arguments, expected):
    assert watched(Training(range(1, 8)), **arguments) == expected


def test_without_epochs_and_without_training_there_is_nothing_to_do():
    assert watched(Training([])) == []


def test_beside_a_training_each_epoch_is_seen_once():
    training = Training([], [], [1], [1], [1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5])
    assert watched(training) == [1, 2, 3, 4, 5]


def test_the_newest_epoch_goes_first_whatever_is_left():
    training = Training([1], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4])
    assert watched(training, newest_first=True) == [1, 3, 4, 2]


def test_an_epoch_saved_just_before_the_end_is_not_missed():
    saved, alive = [1], [True]

    def running():
        if alive[0]:
            alive[0] = False
            return True
        saved.append(2)  # saved after the question whether the training runs, and before the look
        return False

    assert list(watch(lambda: list(saved), running, {1}, poll=0.0))[:1] == [2]


def test_the_last_epoch_ends_it_while_the_training_runs_on():
    assert list(watch(lambda: [1, 2, 3, 4], lambda: True, set(), last=3, poll=0.0)) == [1, 2, 3]
    assert list(watch(lambda: [1, 2, 3, 4], lambda: True, set(), last=3, every=2, poll=0.0)) == [2]


def test_what_was_done_is_not_changed():
    done = {1}
    list(watch(lambda: [1, 2], lambda: False, done, poll=0.0))
    assert done == {1}


def test_it_waits_between_two_looks(monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    training = Training([], [], [], [1])
    assert list(watch(training.available, training.running, set(), poll=0.7)) == [1]
    assert waits and set(waits) == {0.7}

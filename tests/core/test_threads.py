"""Results of several threads are those of one, in the same order."""

import threading
import time

import pytest

from pyannote.audio.core.threads import in_order


def test_results_come_in_order_from_several_threads():
    seen, together = set(), threading.Barrier(2, timeout=10)

    def work(item):
        if item < 2:
            together.wait()  # fails unless two of them are at work at once
        seen.add(threading.get_ident())
        time.sleep(0.01 * (item % 3 == 0))
        return -item

    assert list(in_order(work, range(20), threads=2)) == [-item for item in range(20)]
    assert len(seen) == 2 and threading.get_ident() not in seen


def test_threads_do_not_run_far_ahead():
    """Otherwise the features of ten hours would wait in memory for the disk."""
    begun = []
    results = in_order(begun.append, range(100), threads=2)
    next(results)
    time.sleep(0.1)
    assert len(begun) <= 4
    results.close()


def test_an_error_in_a_thread_is_raised():
    def work(item):
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        list(in_order(work, range(5), threads=2))


def test_an_error_comes_when_no_thread_is_at_work_any_more():
    begun, finished = threading.Event(), []

    def work(item):
        if item == 0:
            assert begun.wait(10)
            raise ValueError("item 0")
        begun.set()
        time.sleep(0.2)
        finished.append(item)

    with pytest.raises(ValueError, match="item 0"):
        list(in_order(work, range(3), threads=2))
    # what was not yet begun is left
    assert sorted(finished) in ([1], [1, 2])


@pytest.mark.parametrize("threads", [1, 2])
def test_items_of_an_iterator_are_taken_by_the_calling_thread_when_there_is_room(threads):
    takers = []

    def items():
        for item in range(100):
            takers.append(threading.get_ident())
            yield item

    results = in_order(str, items(), threads)
    assert [next(results), next(results)] == ["0", "1"]
    assert len(takers) <= 2 + threads and {*takers} == {threading.get_ident()}
    assert [*results] == [str(item) for item in range(2, 100)]


def test_an_error_of_the_iterator_is_raised_when_its_threads_have_ended():
    running = threading.active_count()

    def items():
        yield 1
        raise ValueError("no further items")

    with pytest.raises(ValueError, match="no further items"):
        list(in_order(str, items(), threads=2))
    assert threading.active_count() == running

"""A producer that works ahead: order, errors, giving up and ending."""

import threading

import pytest

from ckanext.export.ahead import Ahead, Stalled
from tests.builders import working_threads

LONG = 60.0


def ahead(items, depth=2, patience=LONG, give_up=lambda: None):
    return Ahead(items, depth, patience, give_up)


def counting(number, ended=None):
    try:
        yield from range(number)
    finally:
        if ended:
            ended.set()


@pytest.fixture(autouse=True)
def no_thread_left():
    yield
    assert working_threads() == []


@pytest.mark.parametrize("number", [0, 1, 2, 3, 1000])
def test_items_come_in_order_and_all(number):
    work = ahead(counting(number))

    assert list(work) == list(range(number))
    work.close()


def test_items_are_made_in_another_thread():
    def names():
        yield threading.current_thread().name

    work = ahead(names())

    assert list(work) == ["export-ahead"]
    work.close()


def test_it_is_never_more_than_depth_ahead():
    made = []
    third = threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if number == 2:
                third.set()
            yield number

    work = ahead(items(), depth=2)
    assert third.wait(LONG)  # two wait, the third is in the worker's hand
    assert made == [0, 1, 2]
    work.close()
    assert len(made) <= 4


def test_an_error_is_raised_where_items_are_taken():
    def items():
        yield 1
        raise ValueError("the lake broke")

    work = ahead(items(), depth=5)

    with pytest.raises(ValueError, match="the lake broke"):
        list(work)
    work.close()


def test_whoever_asks_again_gets_the_same_answer():
    work = ahead(counting(1))
    list(work)

    for _ in range(5):
        with pytest.raises(StopIteration):
            next(work)
    work.close()


def test_an_error_stays_an_error():
    def items():
        raise ValueError("broken")
        yield

    work = ahead(items())
    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            next(work)
    work.close()


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_closing_ends_the_generator(taken):
    ended = threading.Event()
    work = ahead(counting(10**9, ended))
    for _ in range(taken):
        next(work)

    work.close()

    assert ended.is_set()
    assert working_threads() == []


def test_closing_twice_is_closing():
    work = ahead(counting(10))
    work.close()
    work.close()


def test_after_closing_the_items_never_end_as_if_they_were_all():
    for taken in range(4):
        work = ahead(counting(6), depth=4)
        for _ in range(taken):
            next(work)
        work.close()

        with pytest.raises(Stalled):
            list(work)


def test_closing_wakes_a_reader_that_waits():
    hold = threading.Event()
    answers = []

    def items():
        hold.wait(LONG)
        yield 1

    def read():
        try:
            answers.append(next(work))
        except Stalled as error:
            answers.append(error)

    work = ahead(items())
    reader = threading.Thread(target=read)
    reader.start()
    closer = threading.Thread(target=work.close)
    closer.start()
    hold.set()
    closer.join(LONG)
    reader.join(LONG)

    assert len(answers) == 1


def test_a_reader_that_takes_nothing_is_given_up():
    ended, given_up = threading.Event(), threading.Event()
    work = ahead(counting(100, ended), patience=0.5, give_up=given_up.set)

    assert given_up.wait(LONG)
    assert ended.is_set()
    with pytest.raises(Stalled):
        list(work)
    work.close()


def test_a_reader_that_keeps_taking_is_not_given_up():
    given_up = threading.Event()
    work = ahead(counting(300), patience=0.5, give_up=given_up.set)

    assert list(work) == list(range(300))
    work.close()
    assert not given_up.is_set()

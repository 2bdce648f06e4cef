"""Lets a producer of pieces work ahead of whoever takes them, in a thread of its own."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")

_GLANCE = 0.5  # seconds between looks at whether anybody still wants the pieces


class Stalled(Exception):
    """Nobody took a piece for too long."""


class Ahead(Iterator[Item], Generic[Item]):
    """The items of a generator, made by a thread that is at most `depth` items ahead.

    The generator's exceptions are raised where its items are taken. When nobody takes an item
    for `patience` seconds the thread ends the generator and calls `give_up`.
    """

    def __init__(
        self,
        items: Generator[Item, None, None],
        depth: int,
        patience: float,
        give_up: Callable[[], None],
    ) -> None:
        self._items = items
        self._patience = patience
        self._give_up = give_up
        self._queue: queue.Queue[tuple[Item] | BaseException] = queue.Queue(depth)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._work, name="export-ahead", daemon=True)
        self._thread.start()

    def __next__(self) -> Item:
        answer = self._queue.get()
        if isinstance(answer, BaseException):
            self._queue.put(answer)  # whoever asks again gets the same answer
            raise answer
        return answer[0]

    def close(self) -> None:
        """Ends the work, wherever it is, and waits until it has ended. Idempotent."""
        self._unwanted.set()
        self._empty()  # wakes a thread that waits for room
        if self._thread is not threading.current_thread():  # that of the garbage collector
            self._thread.join()
        self._replace(Stalled("closed"))

    def _work(self) -> None:
        try:
            for item in self._items:
                self._hand_over((item,))
                if self._unwanted.is_set():
                    return
            self._hand_over(StopIteration())
        except Stalled as error:
            self._items.close()
            self._replace(error)
            self._give_up()
        except BaseException as error:  # noqa: B036 - it is raised where the items are taken
            self._replace(error)
        finally:
            self._items.close()

    def _hand_over(self, answer: tuple[Item] | BaseException) -> None:
        waited = 0.0
        while not self._unwanted.is_set():
            try:
                return self._queue.put(answer, timeout=_GLANCE)
            except queue.Full:
                waited += _GLANCE
                if waited >= self._patience:
                    raise Stalled(f"no piece was taken for {self._patience:g} s") from None

    def _empty(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()

    def _replace(self, error: BaseException) -> None:
        """Instead of what waits, who comes back late finds the reason."""
        while True:
            try:
                self._queue.put_nowait(error)
                return
            except queue.Full:
                self._queue.get_nowait()


def in_turn(
    sources: Iterable[Generator[Item, None, None]], together: int, depth: int = 1
) -> Generator[Item, None, None]:
    """All items of one generator after another, of which several work already.

    Each is at most `depth` items ahead.
    """
    sources = iter(sources)
    working = deque[Ahead[Item]]()
    try:
        while True:
            for source in islice(sources, together - len(working)):
                working.append(Ahead(source, depth, float("inf"), give_up=lambda: None))
            if not working:
                return
            yield from working[0]
            working.popleft().close()
    finally:
        for ahead in working:
            ahead.close()

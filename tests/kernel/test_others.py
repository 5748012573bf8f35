"""The stepping thread gives way to the kernel's other threads, and no longer than they have something to do."""

from __future__ import annotations

from rlnb.kernel.others import BUSY, EVERY, IN, OUT, PATIENCE, OtherThreads


class Process:
    """Time, and slices in which other threads work: the seconds that each sleep takes."""

    def __init__(self, *slices: float) -> None:
        self.at = 0.0
        self.slept = 0
        self.slices = list(slices)

    def now(self) -> float:
        return self.at

    def sleep(self, _seconds: float) -> None:
        self.slept += 1
        self.at += self.slices.pop(0) if self.slices else BUSY / 2

    def threads(self) -> OtherThreads:
        """Once it has learned how long a slice is in which nobody works."""
        work, self.slices = self.slices, []
        threads = OtherThreads(self.sleep, self.now)
        threads.let_out()
        self.slices, self.slept, self.at = work, 0, self.at + 2 * EVERY
        self.begun = self.at
        return threads


def test_where_nobody_works_one_slice_is_given() -> None:
    process = Process()
    threads = process.threads()
    threads.let_in()
    threads.let_out()
    assert process.slept == 2


def test_a_message_that_goes_from_thread_to_thread_gets_there() -> None:
    quiet, work = BUSY / 2, BUSY * 2
    process = Process(work, quiet, work, quiet, quiet, work)
    process.threads().let_in()
    assert process.slept == 6 + IN


def test_who_sends_is_given_the_time_for_it() -> None:
    process = Process(BUSY * 2, BUSY * 2)
    process.threads().let_out()
    assert process.slept == 2 + OUT


def test_a_thread_that_never_stops_gets_milliseconds() -> None:
    process = Process(*[BUSY * 2] * 1000)
    process.threads().let_in()
    assert PATIENCE <= process.at - process.begun < 1.1 * PATIENCE


def test_where_the_system_sleeps_long_that_is_not_taken_for_work() -> None:
    process = Process(*[0.0005] * 1000)
    threads = OtherThreads(process.sleep, process.now)
    for _ in range(10):
        threads.let_in()
        threads.let_out()
        process.at += 2 * EVERY
    assert process.slept == 20


def test_the_page_is_let_in_so_often_and_no_more() -> None:
    process = Process()
    threads = process.threads()
    for _ in range(1000):
        threads.let_in()
        process.at += EVERY / 10
    assert 0.95 * process.at / EVERY <= process.slept <= 1 + process.at / EVERY
    process.at += EVERY
    threads.let_out()  # who was let out was let in as well
    slept = process.slept
    threads.let_in()
    assert process.slept == slept

"""Who works the worlds out: processes of this machine, or the workers of a Dask cluster.

A crew takes tasks as it has hands free and gives rows back as they come. A worker that dies takes
no other world with it: what it had in hand is tried once more, alone, and then given up.
"""

import multiprocessing
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from scheduler.errors import DataUnavailable, InputError
from scheduler.sweep.task import Row, Status, Task, work_out

Tasks = Iterator[tuple[int, Task]]
Rows = Generator[tuple[int, Row], None, None]
InHand = dict[Future[Row], tuple[int, Task]]
CONNECT_S = 30
DIED = "its process died: out of memory, or killed"


class Crew(Protocol):
    """Works tasks out."""

    def rows(self, tasks: Tasks) -> Rows:
        """The row of every task by its number, in the order they come."""
        ...


class Local:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        """So many at once."""
        self._workers = workers

    def rows(self, tasks: Tasks) -> Rows:
        """Each as it comes; closing it ends the processes."""
        suspects: list[tuple[int, Task]] = []
        left = True
        while left:
            in_hand: InHand = {}
            pool = self._pool(self._workers)
            try:
                left = self._fill(pool, in_hand, tasks)
                while in_hand:
                    done, _ = wait(in_hand, return_when=FIRST_COMPLETED)
                    for future in done:
                        row = future.result()
                        yield in_hand.pop(future)[0], row
                    left = self._fill(pool, in_hand, tasks)
                pool.shutdown()
            except BrokenProcessPool:
                # Which of those in hand broke it, nobody can tell.
                suspects += in_hand.values()
                left = True
            finally:
                _end(pool)
        for number, task in suspects:
            yield number, self._alone(task)

    def _fill(self, pool: ProcessPoolExecutor, in_hand: InHand, tasks: Tasks) -> bool:
        """Give every free hand a task; whether there may be more."""
        while len(in_hand) < self._workers:
            following = next(tasks, None)
            if following is None:
                return False
            in_hand[pool.submit(work_out, following[1])] = following
        return True

    def _alone(self, task: Task) -> Row:
        pool = self._pool(1)
        try:
            return pool.submit(work_out, task).result()
        except BrokenProcessPool:
            return {"status": Status.FAILED.value, "error": DIED}
        finally:
            _end(pool)

    @staticmethod
    def _pool(workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes that are left, whatever they are at."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


class Dask:
    """Workers of a Dask cluster, which need the same version of Alizé."""

    def __init__(self, address: str) -> None:
        """A scheduler's address, such as tcp://10.0.0.5:8786.

        Raises:
            InputError: The package is not installed, or the address is none.
        """
        if "://" not in address:
            raise InputError(f"--dask {address}: must be an address such as tcp://10.0.0.5:8786")
        try:
            import distributed  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            raise InputError(
                "--dask needs the package distributed; `pip install 'alize[dask]'` adds it"
            ) from None
        # Its functions have no types.
        self._distributed: Any = distributed
        self._address = address

    def rows(self, tasks: Tasks) -> Rows:
        """Each as it comes; closing it takes back what nobody has begun.

        Raises:
            DataUnavailable: Nobody answers at the address, or no worker is there.
        """
        client = self._client()
        hands = sum(client.nthreads().values())
        if not hands:
            client.close()
            raise DataUnavailable(
                f"--dask {self._address}: the scheduler has no worker; start "
                f"`dask worker {self._address}`"
            )
        numbers: dict[Any, int] = {}

        def submitted(number: int, task: Task) -> Any:
            future = client.submit(work_out, task, pure=False)
            numbers[future.key] = number
            return future

        # Two for each hand, so that none waits for us.
        first = [submitted(*one) for one, _ in zip(tasks, range(2 * hands), strict=False)]
        coming = self._distributed.as_completed(first, raise_errors=False)
        try:
            for future in coming:
                number = numbers.pop(future.key)
                yield number, self._row(future)
                following = next(tasks, None)
                if following is not None:
                    coming.add(submitted(*following))
        finally:
            client.close()

    def _client(self) -> Any:
        try:
            return self._distributed.Client(self._address, timeout=CONNECT_S)
        except (OSError, TimeoutError) as error:
            raise DataUnavailable(
                f"--dask {self._address}: nobody answers: {error}; start `dask scheduler`, or "
                "leave --dask out"
            ) from None

    @staticmethod
    def _row(future: Any) -> Row:
        if future.status == "finished":
            row: Row = future.result()
            return row
        return {"status": Status.FAILED.value, "error": f"no worker could: {future.exception()}"}

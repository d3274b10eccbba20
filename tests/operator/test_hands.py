"""Who is asked to end ends, whatever its writers wait for at that moment."""

import asyncio
import contextlib

import pytest

from k8s_operator.hands import Hands

#: Turns of the loop between the last call and the end: each meets the writers at another point.
TURNS = range(40)


async def ended(turns):
    hands = Hands(None, "one", stored=lambda _: None)
    work = asyncio.create_task(hands.run())
    await asyncio.sleep(0.01)
    await hands.drain()
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()
    done, _ = await asyncio.wait({work}, timeout=0.5)
    if not done:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait({work}, timeout=0.5)
    return bool(done)


@pytest.mark.parametrize("turns", TURNS)
def test_writers_that_were_just_woken_end_when_they_are_cancelled(turns):
    assert asyncio.run(ended(turns))

"""Asks the planner, and keeps the time: a child that hangs or grows is killed, and said so.

The event loop goes on meanwhile, so probes and the Lease never wait for a solver. A child that
answered is asked again, as its imports take longer than most plans.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys

import msgspec

from k8s_operator.planning.question import LENGTH_BYTES, Answer, Question, frame
from k8s_operator.settings import OperatorSettings

TAIL_BYTES = 2000
ANSWERS_A_CHILD = 100


class Planner:
    """Keeps one child at a time."""

    def __init__(
        self, settings: OperatorSettings, module: str = "k8s_operator.planning.child"
    ) -> None:
        """Run `module` as the child; another in tests of a planner that hangs."""
        self._settings, self._module = settings, module
        self._child: asyncio.subprocess.Process | None = None
        self._errors: asyncio.Task[bytes] | None = None
        self._answers = 0

    @property
    def pid(self) -> int | None:
        """Of the child, where there is one."""
        return None if self._child is None else self._child.pid

    async def warm(self) -> None:
        """Start the child, so that its imports are done when the first question comes."""
        if self._child is not None and self._child.returncode is None:
            return
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=self._before_start,
        )
        assert self._child.stderr is not None
        self._errors = asyncio.create_task(_tail(self._child.stderr))
        self._answers = 0

    async def ask(self, question: Question) -> Answer:
        """The answer; one that says `failed` where the child gave none in time."""
        await self.warm()
        limit_s = self._settings.kill_after_s
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._exchange(question)
        except TimeoutError:
            await self.end()
            return Answer(failed=f"the planner gave no answer in {limit_s:g} s and was ended")
        except asyncio.CancelledError:
            await self.end()
            raise
        except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
            return Answer(failed=await self._why())
        except msgspec.DecodeError as error:
            await self.end()
            return Answer(failed=f"the planner's answer cannot be read: {error}")
        self._answers += 1
        if self._answers >= ANSWERS_A_CHILD:
            await self.end()
        return answer

    async def _exchange(self, question: Question) -> Answer:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        child.stdin.write(frame(msgspec.msgpack.encode(question)))
        await child.stdin.drain()
        length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
        return msgspec.msgpack.decode(await child.stdout.readexactly(length), type=Answer)

    async def _why(self) -> str:
        """Why the child ended by itself."""
        assert self._child is not None and self._errors is not None
        code = await self._child.wait()
        lines = (await self._errors).decode(errors="replace").strip().splitlines()
        self._child = None
        return f"the planner ended with {code}: {lines[-1] if lines else 'it was killed'}"

    async def end(self) -> None:
        """Kill the child, if any; the next question starts another."""
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()

    def _before_start(self) -> None:
        """In the child, before it becomes the planner: stand back, and do not grow without end."""
        os.nice(self._settings.planner_nice)
        limit = self._settings.planner_memory_mib * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """The last of what a child said."""
    said = b""
    while chunk := await stream.read(2**16):
        said = (said + chunk)[-TAIL_BYTES:]
    return said

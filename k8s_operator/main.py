"""One replica as a process: started, asked to end, ended with the Lease given back."""

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

from k8s_operator.connection import Connection
from k8s_operator.metrics import serve
from k8s_operator.operator import Operator
from k8s_operator.settings import OperatorSettings
from scheduler.errors import InputError

log = logging.getLogger(__name__)
LAST_WRITES_S = 10.0


def read_world(path: Path | None) -> dict[str, Any]:
    """Currency, prices, links and regions, from the settings' file.

    Raises:
        InputError: There is none, or it is no mapping.
    """
    if path is None:
        raise InputError(
            "world: no file with currency and policy; "
            "`alize operator run --world world.yaml`, or set ALIZE_OPERATOR_WORLD"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; name another") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not {"currency", "policy"} <= content.keys():
        raise InputError(f"{path}: needs currency and policy, as a scenario has them")
    return content


async def run(
    settings: OperatorSettings, kubeconfig: Path | None, context: str | None = None
) -> int:
    """Run until SIGTERM; the exit code."""
    world = read_world(settings.world)
    connection = await Connection.load(
        kubeconfig,
        context,
        timeout_s=settings.request_timeout_s,
        # The API server's audit log tells by it which replica wrote.
        user_agent=f"alize-operator/{settings.identity}",
    )
    operator = Operator(connection, settings, world)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    server = await serve(operator, settings.metrics_host, settings.metrics_port)
    for site in server.addresses:
        log.info("probes and metrics at %s", site)
    work = asyncio.create_task(operator.run())
    until = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({work, until}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        log.info("asked to end")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITES_S):
                await operator.hands.drain()
    finally:
        work.cancel()
        until.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await work
        await operator.end()
        await server.cleanup()
        await connection.close()
    return 0


def start_logging(*, verbose: bool) -> None:
    """One line an event, on stderr."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for noisy in ("asyncio", "aiohttp", "kubernetes", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

"""A long line to a simulator: all that is said takes its time on the way, either way half of it.

Nothing is lost and nothing throttled: two answers are under way at a time as on any network.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

CHUNK: Final = 1 << 18


@contextmanager
def long_line(port: int, seconds: float) -> Iterator[int]:
    """A port of this machine that leads to `port`, there and back in `seconds`; until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_listen(port, seconds / 2), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _listen(port: int, delay: float) -> asyncio.Server:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, back, delay), _carry(there, writer, delay))

    return await asyncio.start_server(meet, "127.0.0.1", 0)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    later = asyncio.get_running_loop().call_later
    with suppress(ConnectionError):
        while chunk := await source.read(CHUNK):
            later(delay, target.write, chunk)
    later(delay, target.close)

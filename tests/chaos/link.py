"""TCP ports of this machine inside a network namespace, over a Unix socket each, which namespaces
don't part.

    python -m tests.chaos.link outside FOLDER PORT…     before, where the ports are
    python -m tests.chaos.link inside FOLDER PORT…      in the namespace
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def _serve(side: str, folder: Path, port: int) -> None:
    path = str(folder / f"{port}")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if side == "outside":
                there, back = await asyncio.open_connection("127.0.0.1", port)
            else:
                there, back = await asyncio.open_unix_connection(path)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    if side == "outside":
        server = await asyncio.start_unix_server(connected, path)
    else:
        server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


async def _all(side: str, folder: Path, ports: list[int]) -> None:
    await asyncio.gather(*(_serve(side, folder, port) for port in ports))


if __name__ == "__main__":
    asyncio.run(_all(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]]))

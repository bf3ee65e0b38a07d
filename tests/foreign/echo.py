# echo.py URL FIRST LAST: plays the cases URL/case/FIRST to LAST of the conformance server, four at
# a time, as a client by python3-websockets that sends back whatever comes.
import asyncio
import sys

import websockets


async def play(url):
    try:
        async with websockets.connect(url, max_size=2**26, max_queue=None, ping_interval=None,
                                      close_timeout=5) as socket:
            async for message in socket:
                await socket.send(message)
    except Exception:
        pass


async def work(url, numbers):
    for number in numbers:
        await play(f'{url}/case/{number}')


async def main(url, first, last):
    numbers = iter(range(int(first), int(last) + 1))
    await asyncio.gather(*(work(url, numbers) for _ in range(4)))


asyncio.run(main(*sys.argv[1:]))

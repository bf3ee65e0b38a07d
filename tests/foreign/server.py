# server.py: an echo server by python3-websockets, which compresses. Prints "listening PORT".
import asyncio
import signal

import websockets


async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with websockets.serve(echo, '127.0.0.1', 0, max_size=2**26) as server:
        print('listening', server.sockets[0].getsockname()[1], flush=True)
        await stop.wait()


asyncio.run(main())

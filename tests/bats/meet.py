"""meet.py: `hail connect` in every way against modes of tests/servers/hostile.c.

    meet.py HAIL HOSTILE SCHEME WAYS STATUS MEBIBYTES [OPTION...] <MODES

WAYS is "all", or "once" for those without --reconnect, which a server that lets it connect each
time keeps at it for ever. A line of MODES is "MODE[,NUMBER...] WORDS": the client has to exit with STATUS, say WORDS on
standard output or error, take no more memory, and no sanitizer may have complained. SCHEME is how
the server is taken: ws, wss, or http and socks5 for a proxy. Prints what went wrong; status 1.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

WAYS = ["--echo -q", "--receive", "--json --receive", "-vv --receive", ""]
AGAIN = "--receive --reconnect=2 --backoff 1ms..2ms"
LIMIT_S = 20
AT_ONCE = 12
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|runtime error:")

hail, hostile, scheme, ways, status, mebibytes = sys.argv[1:7]
options = sys.argv[7:]
if ways == "all":
    WAYS.append(AGAIN)


def start(mode):
    """The server, and where it listens."""
    server = subprocess.Popen([hostile, *mode.split(",")], stdout=subprocess.PIPE, text=True)
    port = server.stdout.readline().split()[1]
    # what it says next is not needed, but must not fill the pipe
    threading.Thread(target=server.stdout.read, daemon=True).start()
    return server, f"127.0.0.1:{port}"


def arguments(way, host):
    there = ["-x", f"{scheme}://{host}", "ws://peer.example/"]
    if scheme.startswith("ws"):
        there = [f"{scheme}://{host}/"]
    return [hail, "connect", *way.split(), *options, *there]


def run(command):
    """Its status, what it said, and the KiB that it had at most."""
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as said:
        lines.write(b"one\ntwo\n")
        lines.seek(0)
        client = subprocess.Popen(command, stdin=lines, stdout=said, stderr=said)
        guard = threading.Timer(LIMIT_S, os.kill, (client.pid, signal.SIGKILL))
        guard.start()
        _, result, usage = os.wait4(client.pid, 0)
        guard.cancel()
        client.returncode = os.waitstatus_to_exitcode(result)
        said.seek(0)
        return client.returncode, said.read(), usage.ru_maxrss


def meet(job):
    """What is wrong with one meeting, or None."""
    mode, words, way, host = job
    result, said, memory = run(arguments(way, host))
    if (result == int(status) and words.encode() in said and not SANITIZER.search(said)
            and memory <= int(mebibytes) * 1024):
        return None
    return (f"{mode}, {way or 'piped'}: status {result}, want {status} and '{words}'; "
            f"{memory} KiB\n{said[-2000:].decode(errors='replace')}")


def main():
    servers, jobs = [], []
    for line in sys.stdin:
        mode, _, words = line.strip().partition(" ")
        server, host = start(mode)
        servers.append(server)
        jobs += [(mode, words, way, host) for way in WAYS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [text for text in pool.map(meet, jobs) if text]
    for server in servers:
        server.terminate()
        server.wait()
    print(*wrong, sep="\n")
    return 1 if wrong or not jobs else 0


sys.exit(main())

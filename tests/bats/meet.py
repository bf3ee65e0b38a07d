"""meet.py: `hail connect` in every way against modes of tests/servers/hostile.c.

    meet.py HAIL HOSTILE SCHEME WAYS STATUS MEBIBYTES [OPTION...] <MODES

WAYS is "all", or "once" for those without --reconnect, which a server that lets it connect each
time keeps at it for ever. A line of MODES is "MODE[,NUMBER...] WORDS": the client has to exit with
STATUS, say WORDS on standard output or error, take no more memory, and no sanitizer may have
complained. SCHEME is how the server is taken: ws, wss, or http and socks5 for a proxy. Prints what
went wrong; status 1.
"""
import subprocess
import sys
import threading

import meeting

WAYS = ["--echo -q", "--receive", "--json --receive", "-vv --receive", ""]
AGAIN = "--receive --reconnect=2 --backoff 1ms..2ms"
AT_ONCE = 12

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


def meet(job):
    """What is wrong with one meeting, or None."""
    mode, words, way, host = job
    result, said, memory = meeting.run(arguments(way, host), b"one\ntwo\n")
    if (result == int(status) and words.encode() in said
            and meeting.is_sound(said, memory, mebibytes)):
        return None
    return (f"{mode}, {way or 'piped'}: status {result}, want {status} and '{words}'; "
            f"{memory} KiB\n{said[-2000:].decode(errors='replace')}")


def main():
    servers, jobs = [], []
    for mode, words in meeting.modes():
        server, host = start(mode)
        servers.append(server)
        jobs += [(mode, words, way, host) for way in WAYS]
    result = meeting.hold(meet, jobs, AT_ONCE)
    for server in servers:
        server.terminate()
        server.wait()
    return result


sys.exit(main())

"""meet_http.py: `hail connect` against modes of tests/foreign/cheat.js.

    meet_http.py HAIL PORT MEBIBYTES TRANSPORT STATUS CLASS [OPTION...] <MODES

A line of MODES is "MODE WORDS": with --json the client has to exit with STATUS, tell of one error of
that CLASS ("-": none) and say WORDS; without it, it has to exit with STATUS, too. It takes no more
memory and LIMIT_S, and no sanitizer may have complained. What follows "?" in MODE goes to the server as it is.
Prints what went wrong; status 1.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

LIMIT_S = 20
AT_ONCE = 6
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|runtime error:")

hail, port, mebibytes, transport, status, wanted = sys.argv[1:7]
options = sys.argv[7:]


def run(command):
    """Its status, what it said, and the KiB that it had at most."""
    with tempfile.TemporaryFile() as said:
        client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        guard = threading.Timer(LIMIT_S, os.kill, (client.pid, signal.SIGKILL))
        guard.start()
        _, result, usage = os.wait4(client.pid, 0)
        guard.cancel()
        client.returncode = os.waitstatus_to_exitcode(result)
        said.seek(0)
        return client.returncode, said.read(), usage.ru_maxrss


def classes(said):
    """Of the errors among lines of JSON."""
    events = [json.loads(line) for line in said.splitlines() if line.startswith(b"{")]
    return [event["class"] for event in events if event["type"] == "error"] or ["-"]


def meet(job):
    """What is wrong with one meeting, or None."""
    mode, words, way = job
    command = [hail, "connect", way, "-t", transport, *options,
               f"http://127.0.0.1:{port}/{mode}"]
    result, said, memory = run(command)
    as_wanted = way != "--json" or (classes(said) == [wanted] and words.encode() in said)
    if (result == int(status) and as_wanted and not SANITIZER.search(said)
            and memory <= int(mebibytes) * 1024):
        return None
    return (f"{mode} {way}: status {result}, want {status}, {wanted} and '{words}'; "
            f"{memory} KiB\n{said[-1000:].decode(errors='replace')}")


def main():
    jobs = []
    for line in sys.stdin:
        mode, _, words = line.strip().partition(" ")
        jobs += [(mode, words, way) for way in ("--json", "-v")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [text for text in pool.map(meet, jobs) if text]
    print(*wrong, sep="\n")
    return 1 if wrong or not jobs else 0


sys.exit(main())

"""meeting.py: what meet.py and meet_http.py share: one client's life, and many of them at a time."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

LIMIT_S = 20
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|runtime error:")


def run(command, typed=b""):
    """Its status, what it said, and the KiB that it had at most. `typed` is its input."""
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as said:
        lines.write(typed)
        lines.seek(0)
        client = subprocess.Popen(command, stdin=lines, stdout=said, stderr=said)
        guard = threading.Timer(LIMIT_S, os.kill, (client.pid, signal.SIGKILL))
        guard.start()
        _, result, usage = os.wait4(client.pid, 0)
        guard.cancel()
        client.returncode = os.waitstatus_to_exitcode(result)
        said.seek(0)
        return client.returncode, said.read(), usage.ru_maxrss


def is_sound(said, memory, mebibytes):
    """Whether no sanitizer complained, and it had no more than that."""
    return not SANITIZER.search(said) and memory <= int(mebibytes) * 1024


def modes():
    """The lines of input: what the server does, and the words that come of it."""
    for line in sys.stdin:
        mode, _, words = line.strip().partition(" ")
        yield mode, words


def hold(meet, jobs, at_once):
    """Prints what `meet` finds wrong with the jobs; the exit status."""
    with ThreadPoolExecutor(at_once) as pool:
        wrong = [text for text in pool.map(meet, jobs) if text]
    print(*wrong, sep="\n")
    return 1 if wrong or not jobs else 0

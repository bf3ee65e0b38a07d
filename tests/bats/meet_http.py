"""meet_http.py: `hail connect` against modes of tests/foreign/cheat.js.

    meet_http.py HAIL PORT MEBIBYTES TRANSPORT STATUS CLASS [OPTION...] <MODES

A line of MODES is "MODE WORDS": with --json the client has to exit with STATUS, tell of one error
of that CLASS ("-": none) and say WORDS; without it, it has to exit with STATUS, too. It takes no
more memory, ends in time, and no sanitizer may have complained. What follows "?" in MODE goes to
the server as it is. Prints what went wrong; status 1.
"""
import json
import sys

import meeting

AT_ONCE = 6

hail, port, mebibytes, transport, status, wanted = sys.argv[1:7]
options = sys.argv[7:]


def classes(said):
    """Of the errors among lines of JSON."""
    events = [json.loads(line) for line in said.splitlines() if line.startswith(b"{")]
    return [event["class"] for event in events if event["type"] == "error"] or ["-"]


def meet(job):
    """What is wrong with one meeting, or None."""
    mode, words, way = job
    command = [hail, "connect", way, "-t", transport, *options,
               f"http://127.0.0.1:{port}/{mode}"]
    result, said, memory = meeting.run(command)
    as_wanted = way != "--json" or (classes(said) == [wanted] and words.encode() in said)
    if result == int(status) and as_wanted and meeting.is_sound(said, memory, mebibytes):
        return None
    return (f"{mode} {way}: status {result}, want {status}, {wanted} and '{words}'; "
            f"{memory} KiB\n{said[-1000:].decode(errors='replace')}")


def main():
    jobs = [(mode, words, way) for mode, words in meeting.modes() for way in ("--json", "-v")]
    return meeting.hold(meet, jobs, AT_ONCE)


sys.exit(main())

"""Runs a command and writes what the operating system accounts for it, as one JSON object, to a file.

usage: measure.py RESULT COMMAND [ARGUMENT ...]

Seconds are of the whole process tree that was waited for; peak_rss_bytes is that of its largest single process.
"""
import json
import resource
import subprocess
import sys
import time


def main() -> int:
    result, command = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    status = subprocess.call(command)
    seconds = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(result, "w", encoding="utf-8") as file:
        json.dump(
            {
                "exitStatus": status,
                "seconds": seconds,
                "cpuSeconds": usage.ru_utime + usage.ru_stime,
                "peakRssBytes": usage.ru_maxrss * 1024,
            },
            file,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())

"""Reads an index or one of its pages (format 1) and prints what is in it as one JSON document.

Written from docs/format/index.md alone, with Python's standard library only: it proves that the page suffices.
Reads what Kannery writes; an index that another program rewrote needs a YAML reader.

    python3 read_index.py index
"""

import json
import re
import sys

from checksum import crc32c
from damage import Damaged, require

SCALAR = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*): (.+)")
LIST = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*):")
ENTRY = "  - "
END = re.compile(rb'end: "crc32c:([0-9a-f]{8})"\n')
END_LENGTH = len('end: "crc32c:00000000"\n')


def checked_body(data):
    """All before the line of the checksum, which is right."""
    start = max(0, len(data) - END_LENGTH)
    end = END.fullmatch(data[start:])
    require(end is not None, start, len(data), "no checksum at the end")
    require(crc32c(data[:start]) == int(end[1], 16), 0, len(data), "the checksum is wrong")
    return data[:start]


def read_lines(text):
    fields = {}
    entries = None
    for line in text.split("\n")[:-1]:
        if line == "" or line.startswith("#"):
            continue
        if line.startswith(ENTRY):
            entries.append(json.loads(line[len(ENTRY) :]))
        elif scalar := SCALAR.fullmatch(line):
            fields[scalar[1]] = json.loads(scalar[2])
            entries = None
        else:
            entries = fields.setdefault(LIST.fullmatch(line)[1], [])
    return fields


def read_index(data):
    body = checked_body(data)
    fields = read_lines(body.decode("utf-8"))
    require(fields["format"] == 1, 0, len(body), f"format {fields['format']}")
    require(fields["requires"]["read"] == [], 0, len(body), "requires what this reader does not know")
    return fields


def main():
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            data = file.read()
        try:
            print(json.dumps(read_index(data)))
        except Damaged as damage:
            sys.exit(f"{path}: {damage}")


if __name__ == "__main__":
    main()

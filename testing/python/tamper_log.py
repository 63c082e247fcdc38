"""Changes records in a broker's log file, in place and without its knowledge: the checksums are right again, and no length changes.

Prints the offset of the first record that is not what it was.
"""

from __future__ import annotations

import argparse
import os
import struct
import sys

from copy_topic import DEVIATIONS
from checksum import crc32c
from record_batch import CRC_COVERS_FROM, HEADER, NONE, Batch, Record, encode_records, read_batches

CRC_AT = 17


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="a .log file of a partition")
    parser.add_argument("--deviation", required=True, choices=["changed", "swapped", "doubled-for-another"])
    options = parser.parse_args()
    with open(options.file, "rb") as file:
        data = file.read()
    position = 0
    for batch in read_batches(data):
        length = HEADER.size + len(batch.records_section)
        for index in range(1, batch.record_count - 1):
            before = list(batch.records())
            after = deviate(batch, options.deviation, index)
            if after is not None:
                section = encode_records(after, batch.base_timestamp)
                replace(options.file, position, data[position : position + HEADER.size], section)
                print(next(old.offset for old, new in zip(before, after) if old != new._replace(offset=old.offset)))
                return 0
        position += length
    raise ValueError("no batch has two records of one length")


def deviate(batch: Batch, deviation: str, index: int) -> list[Record] | None:
    """The batch's records with a deviation; None where that would change the length of the batch."""
    if batch.codec != NONE or batch.is_control:
        return None
    after = DEVIATIONS[deviation](list(batch.records()), index)
    same_length = len(encode_records(after, batch.base_timestamp)) == len(batch.records_section)
    return after if same_length else None


def replace(path: str, position: int, header: bytes, section: bytes) -> None:
    whole = header + section
    crc = struct.pack(">I", crc32c(whole[CRC_COVERS_FROM:]))
    whole = whole[:CRC_AT] + crc + whole[CRC_COVERS_FROM:]
    descriptor = os.open(path, os.O_WRONLY)
    os.pwrite(descriptor, whole, position)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())

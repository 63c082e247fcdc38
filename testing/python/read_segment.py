"""Reads a segment (.kan, format 1) and prints what is in it, a JSON document a line.

Written from docs/format/segment.md alone, with Python's standard library only: it proves that the page suffices.
Needs Python 3.11; chunks compressed with zstd are decompressed from Python 3.14 on, else only their checksums are checked.

    python3 read_segment.py 01JD8Z3V9GQ5M2K7R4T6W8Y0AB.kan
"""

import json
import struct
import sys

from checksum import crc32c
from damage import Damaged, require

try:
    from compression import zstd
except ImportError:
    zstd = None

MAGIC = bytes.fromhex("894b414e0d0a1a0a")
CHUNK_HEADER = struct.Struct(">4sBBBBiiqqqIIIIIII")
BATCH_HEADER = struct.Struct(">qiibIhiqqqhii")
KINDS = {0: "batches", 1: "positions", 2: "configuration"}
CODECS = {0: "none", 1: "zstd"}
FLAGS = {1: "encrypted", 2: "transactional", 4: "holes", 8: "logAppendTime", 128: "critical"}
COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"]


def digest(data):
    return f"crc32c:{crc32c(data):08x}"


def u32(data, position):
    return struct.unpack_from(">I", data, position)[0]


def read_header(data):
    """The header, and where the first chunk begins."""
    require(data[:8] == MAGIC, 0, 8, "not the magic of a segment")
    require(len(data) >= 12, 8, len(data), "cut in the header")
    length = u32(data, 8)
    end = 12 + length + 4
    require(end <= len(data), 8, 12, "the header is longer than the file")
    require(crc32c(data[8 : 12 + length]) == u32(data, end - 4), 8, end, "checksum of the header")
    header = json.loads(data[12 : 12 + length])
    require(header["format"] == 1, 12, end, f"format {header['format']}")
    require(header["requires"]["read"] == [], 12, end, "requires what this reader does not know")
    return header, end


def read_footer(data):
    """The footer, and where it begins."""
    size = len(data)
    require(size >= 24 and data[-8:] == MAGIC, max(0, size - 8), size, "not the end of a segment")
    length = u32(data, size - 16)
    start = size - 16 - length
    require(start > 12, size - 16, size - 12, "the footer is longer than the file")
    checked = data[start : size - 12]
    require(crc32c(checked) == u32(data, size - 12), start, size, "checksum of the footer")
    return json.loads(checked[:-4]), start


def read_chunk(data, position, row):
    """A chunk's header as a dictionary, and its stored bytes; both checked, and compared with the footer's row."""
    body = position + CHUNK_HEADER.size
    require(body <= len(data), position, len(data), "cut in a chunk")
    fields = CHUNK_HEADER.unpack_from(data, position)
    require(fields[0] == b"CHNK", position, position + 4, "no chunk")
    require(crc32c(data[position : body - 4]) == fields[16], position, body, "checksum of a chunk header")
    require(fields[1] == 1, position, body, f"chunk version {fields[1]}")
    names = "kind codec flags partition leaderEpoch from next fetchedAt batches records rawLength storedLength raw stored"
    chunk = dict(zip(names.split(), fields[2:16]))
    stored = data[body : body + chunk["storedLength"]]
    require(len(stored) == chunk["storedLength"], body, len(data), "cut in a chunk")
    require(crc32c(stored) == chunk["stored"], body, body + len(stored), "checksum of a chunk")
    named = "storedLength rawLength kind flags partition from next batches records".split()
    require([position] + [chunk[name] for name in named] == row[:10], position, body, "not the chunk in the footer")
    return chunk, stored


def decompress(chunk, stored, end):
    """The raw bytes of a chunk that ends at `end`; None if this Python cannot decompress them."""
    if chunk["codec"] == 0:
        return stored
    if zstd is None:
        return None
    raw = zstd.decompress(stored)
    right = len(raw) == chunk["rawLength"] and crc32c(raw) == chunk["raw"]
    require(right, end - len(stored), end, "length or checksum of a decompressed chunk")
    return raw


def chunk_line(index, chunk, row):
    named = "partition leaderEpoch from next fetchedAt batches records rawLength storedLength".split()
    return {
        "chunk": index,
        "kind": KINDS[chunk["kind"]],
        **{name: chunk[name] for name in named},
        "minTimestamp": row[10],
        "maxTimestamp": row[11],
        "controlBatches": row[12],
        "flags": sorted(name for bit, name in FLAGS.items() if chunk["flags"] & bit),
        "codec": CODECS[chunk["codec"]],
        "raw": f"crc32c:{chunk['raw']:08x}",
        "stored": f"crc32c:{chunk['stored']:08x}",
    }


def batches(raw):
    """Kafka's RecordBatch v2, one after the other: headers and the bytes after them."""
    position = 0
    while position < len(raw):
        fields = BATCH_HEADER.unpack_from(raw, position)
        names = (
            "baseOffset length leaderEpoch magic crc attributes lastOffsetDelta"
            " baseTimestamp maxTimestamp producerId producerEpoch baseSequence records"
        )
        batch = dict(zip(names.split(), fields))
        end = position + 12 + batch["length"]
        require(batch["magic"] == 2, position, end, f"message format {batch['magic']}")
        require(crc32c(raw[position + 21 : end]) == batch["crc"], position, end, "checksum of a batch")
        yield batch, raw[position + BATCH_HEADER.size : end]
        position = end


def batch_line(batch):
    attributes = batch["attributes"]
    line = {name: value for name, value in batch.items() if name not in ("attributes", "magic")}
    return {
        **line,
        "length": 12 + batch["length"],
        "crc": f"crc32c:{batch['crc']:08x}",
        "compression": COMPRESSIONS[attributes & 7],
        "timestampType": "LogAppendTime" if attributes & 8 else "CreateTime",
        "transactional": bool(attributes & 16),
        "control": bool(attributes & 32),
        "producerId": str(batch["producerId"]),
    }


class Cursor:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, length):
        self.position += length
        return self.data[self.position - length : self.position]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)

    def sized(self):
        """Hexadecimal; None for null."""
        length = self.varint()
        return None if length < 0 else self.take(length).hex()


def records(batch, data):
    cursor = Cursor(data)
    for _ in range(batch["records"]):
        end = cursor.varint() + cursor.position
        cursor.take(1)
        delta = cursor.varint()
        log_append_time = batch["attributes"] & 8
        yield {
            "timestamp": batch["maxTimestamp"] if log_append_time else batch["baseTimestamp"] + delta,
            "offset": batch["baseOffset"] + cursor.varint(),
            "key": cursor.sized(),
            "value": cursor.sized(),
            "headers": [[cursor.sized(), cursor.sized()] for _ in range(cursor.varint())],
        }
        require(cursor.position == end, 0, end, "a record does not end where it says")


def is_visible(offset, batch, chunk, aborted):
    """Whether a restore would write the record at this offset."""
    if batch["attributes"] & 32 or not chunk["from"] <= offset < chunk["next"]:
        return False
    if not batch["attributes"] & 16:
        return True
    return not any(
        found["partition"] == chunk["partition"]
        and found["producerId"] == str(batch["producerId"])
        and found["first"] <= offset < found["marker"]
        for found in aborted
    )


def read_batches(index, chunk, raw, aborted):
    for batch, data in batches(raw):
        yield {"chunk": index, "batch": batch_line(batch)}
        if batch["attributes"] & 7 == 0:
            for record in records(batch, data):
                visible = is_visible(record["offset"], batch, chunk, aborted)
                yield {"chunk": index, "record": {**record, "visible": visible}}


def read_segment(data):
    header, position = read_header(data)
    footer, footer_start = read_footer(data)
    require(footer["header"] == header, footer_start, len(data), "the footer repeats another header")
    yield {"header": header}
    for index, row in enumerate(footer["chunks"]):
        chunk, stored = read_chunk(data, position, row)
        position += CHUNK_HEADER.size + len(stored)
        if chunk["kind"] not in KINDS:
            require(not chunk["flags"] & 128, row[0], position, "an unknown kind of chunk that is critical")
            continue
        yield chunk_line(index, chunk, row)
        raw = decompress(chunk, stored, position)
        if raw is None:
            yield {"chunk": index, "compressed": CODECS[chunk["codec"]]}
        elif KINDS[chunk["kind"]] == "batches":
            yield from read_batches(index, chunk, raw, footer["aborted"])
        else:
            yield {"chunk": index, "document": json.loads(raw)}
    require(position == footer_start, position, footer_start, "bytes that belong to nothing")
    for aborted in footer["aborted"]:
        yield {"aborted": aborted}


def main():
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            data = file.read()
        try:
            for line in read_segment(data):
                print(json.dumps(line))
        except Damaged as damage:
            sys.exit(f"{path}: {damage}")


if __name__ == "__main__":
    main()

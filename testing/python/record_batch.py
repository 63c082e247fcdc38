"""Kafka record batches, format 2, in plain Python: decoding for the checker, encoding for the generator.

The format: https://kafka.apache.org/documentation/#recordbatch. Only decompression is borrowed (gzip from the standard library,
the others from cramjam).
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from typing import NamedTuple

import cramjam

from checksum import crc32c

HEADER = struct.Struct(">qiibIhiqqqhii")
# Base offset and length come before what the length counts.
LENGTH_ENDS_AT = 12
CRC_COVERS_FROM = 21

CODEC_MASK, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 7, 8, 16, 32
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)

Header = tuple[bytes, bytes | None]


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


class Batch(NamedTuple):
    base_offset: int
    last_offset: int
    attributes: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    record_count: int
    records_section: bytes

    @property
    def codec(self) -> int:
        return self.attributes & CODEC_MASK

    @property
    def is_control(self) -> bool:
        return bool(self.attributes & CONTROL)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL)

    @property
    def has_append_time(self) -> bool:
        return bool(self.attributes & LOG_APPEND_TIME)

    def records(self) -> Iterator[Record]:
        """A LogAppendTime record has its batch's greatest timestamp, whatever its delta says."""
        data = decompress(self.codec, self.records_section)
        position = 0
        for _ in range(self.record_count):
            length, position = read_varint(data, position)
            record, end = self._record(data, position)
            if end != position + length:
                raise ValueError(f"record at offset {record.offset} is not as long as it says")
            position = end
            yield record
        if position != len(data):
            raise ValueError(f"{len(data) - position} bytes after the last record of the batch at {self.base_offset}")

    def _record(self, data: bytes, position: int) -> tuple[Record, int]:
        timestamp_delta, position = read_varint(data, position + 1)
        offset_delta, position = read_varint(data, position)
        key, position = read_bytes(data, position)
        value, position = read_bytes(data, position)
        count, position = read_varint(data, position)
        headers: list[Header] = []
        for _ in range(count):
            name, position = read_bytes(data, position)
            content, position = read_bytes(data, position)
            if name is None:
                raise ValueError(f"a header name of the batch at {self.base_offset} is null")
            headers.append((name, content))
        timestamp = self.max_timestamp if self.has_append_time else self.base_timestamp + timestamp_delta
        return Record(self.base_offset + offset_delta, timestamp, key, value, tuple(headers)), position


def read_batches(data: bytes) -> Iterator[Batch]:
    """All whole batches; what a fetch cut off at the end is left out."""
    position = 0
    while position + HEADER.size <= len(data):
        base, length, _, magic, _, attributes, last, first_time, max_time, producer, _, _, count = HEADER.unpack_from(
            data, position
        )
        end = position + LENGTH_ENDS_AT + length
        if end > len(data):
            return
        if magic != 2:
            raise ValueError(f"the batch at offset {base} has format {magic}, not 2")
        section = data[position + HEADER.size : end]
        yield Batch(base, base + last, attributes, first_time, max_time, producer, count, section)
        position = end


def encode_batch(records: list[Record], codec: int = NONE) -> bytes:
    """A batch of a plain producer; offsets of the records are ignored, the broker gives them new ones."""
    base_timestamp = records[0].timestamp
    section = encode_records(records, base_timestamp)
    body = struct.pack(
        ">hiqqqhii",
        codec,
        len(records) - 1,
        base_timestamp,
        max(record.timestamp for record in records),
        -1,
        -1,
        -1,
        len(records),
    ) + compress(codec, section)
    return struct.pack(">qiibI", 0, len(body) + 9, -1, 2, crc32c(body)) + body


def encode_records(records: list[Record], base_timestamp: int) -> bytes:
    """What follows a batch's header, not compressed; the records get neighbouring offsets."""
    return b"".join(_encode_record(index, base_timestamp, record) for index, record in enumerate(records))


def _encode_record(index: int, base_timestamp: int, record: Record) -> bytes:
    parts = [b"\0", varint(record.timestamp - base_timestamp), varint(index)]
    parts += [sized(record.key), sized(record.value), varint(len(record.headers))]
    for name, content in record.headers:
        parts += [sized(name), sized(content)]
    body = b"".join(parts)
    return varint(len(body)) + body


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position
        shift += 7


def read_bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    length, position = read_varint(data, position)
    if length < 0:
        return None, position
    end = position + length
    if end > len(data):
        raise ValueError("a field reaches beyond its batch")
    return data[position:end], end


def varint(number: int) -> bytes:
    rest = ((number << 1) ^ (number >> 63)) & 0xFFFFFFFFFFFFFFFF
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append((rest & 0x7F) | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def decompress(codec: int, section: bytes) -> bytes:
    if codec == NONE:
        return section
    if codec == GZIP:
        return gzip.decompress(section)
    if codec == SNAPPY:
        return _decompress_snappy(section)
    if codec == LZ4:
        return bytes(cramjam.lz4.decompress(section))
    if codec == ZSTD:
        return bytes(cramjam.zstd.decompress(section))
    raise ValueError(f"unknown codec {codec}")


def compress(codec: int, section: bytes) -> bytes:
    if codec == NONE:
        return section
    if codec == GZIP:
        return gzip.compress(section)
    if codec == SNAPPY:
        return bytes(cramjam.snappy.compress_raw(section))
    if codec == LZ4:
        # Brokers refuse frames whose blocks depend on each other.
        compressor = cramjam.lz4.Compressor(block_linked=False)
        compressor.compress(section)
        return bytes(compressor.finish())
    if codec == ZSTD:
        return bytes(cramjam.zstd.compress(section))
    raise ValueError(f"unknown codec {codec}")


# What Java's snappy library puts before its blocks: magic, version, least compatible version.
JAVA_SNAPPY_MAGIC = b"\x82SNAPPY\0"


def _decompress_snappy(section: bytes) -> bytes:
    if not section.startswith(JAVA_SNAPPY_MAGIC):
        return bytes(cramjam.snappy.decompress_raw(section))
    blocks: list[bytes] = []
    position = len(JAVA_SNAPPY_MAGIC) + 8
    while position < len(section):
        (length,) = struct.unpack_from(">i", section, position)
        position += 4
        blocks.append(bytes(cramjam.snappy.decompress_raw(section[position : position + length])))
        position += length
    return b"".join(blocks)

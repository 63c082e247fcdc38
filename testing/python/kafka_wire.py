"""As much of Kafka's protocol as it takes to read and write raw record batches, in plain Python.

Versions are the last ones without compact fields: Metadata 4, ListOffsets 2, Fetch 11, Produce 8
(https://kafka.apache.org/protocol). Plaintext only.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from record_batch import Batch, read_batches

PRODUCE, FETCH, LIST_OFFSETS, METADATA = (0, 8), (1, 11), (2, 2), (3, 4)
EARLIEST, LATEST = -2, -1
READ_UNCOMMITTED = 0
MOST_BYTES_A_FETCH = 48 << 20
MOST_BYTES_A_PARTITION = 16 << 20


class KafkaError(Exception):
    pass


class Cursor:
    """Reads an answer from its start to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(">" + form, self._data, self._position)
        self._position += struct.calcsize(">" + form)
        return value

    def raw(self, length: int) -> bytes:
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def string(self) -> str | None:
        length = self.number("h")
        return None if length < 0 else self.raw(length).decode()

    def sized(self) -> bytes:
        return self.raw(max(self.number("i"), 0))

    def count(self) -> int:
        return max(self.number("i"), 0)


class Connection:
    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb", 1 << 20)
        self._correlation = 0

    def call(self, api: tuple[int, int], body: bytes) -> Cursor:
        self._correlation += 1
        head = struct.pack(">hhi", *api, self._correlation) + string("kannery-testing")
        self._socket.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        (length,) = struct.unpack(">i", self._exactly(4))
        answer = Cursor(self._exactly(length))
        if answer.number("i") != self._correlation:
            raise KafkaError("the broker answered another request")
        return answer

    def _exactly(self, length: int) -> bytes:
        data = self._answers.read(length)
        if len(data) < length:
            raise KafkaError("the broker closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


class Cluster:
    def __init__(self, bootstrap: str) -> None:
        host, _, port = bootstrap.split(",")[0].rpartition(":")
        self._bootstrap = (host, int(port))
        self._connections: dict[tuple[str, int], Connection] = {}
        self._leader_of: dict[tuple[str, int], tuple[str, int]] = {}

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections.values():
            connection.close()

    def partitions(self, topic: str) -> list[int]:
        return sorted(self._leaders(topic))

    def offset(self, topic: str, partition: int, moment: int) -> int:
        """The log's start (EARLIEST) or its high watermark (LATEST)."""
        body = struct.pack(">ib", -1, READ_UNCOMMITTED) + one_topic(topic)
        body += struct.pack(">iiq", 1, partition, moment)
        answer = self._leader(topic, partition).call(LIST_OFFSETS, body)
        answer.number("i")
        answer.count()
        answer.string()
        answer.count()
        answer.number("i")
        check(answer.number("h"), f"offsets of {topic}-{partition}")
        answer.number("q")
        return answer.number("q")

    def batches(self, topic: str, partition: int) -> Iterator[Batch]:
        """Every batch from the log's start to its high watermark, also control batches and aborted ones."""
        position = self.offset(topic, partition, EARLIEST)
        end = self.offset(topic, partition, LATEST)
        while position < end:
            before = position
            for batch in read_batches(self._fetch(topic, partition, position)):
                if batch.last_offset >= position:
                    position = batch.last_offset + 1
                    yield batch
            if position == before:
                raise KafkaError(f"{topic}-{partition}: no batch at offset {position}, and the log ends at {end}")

    def produce(self, topic: str, partition: int, batch: bytes) -> int:
        """Returns the offset of the batch's first record."""
        body = string(None) + struct.pack(">hi", -1, 30_000) + one_topic(topic)
        body += struct.pack(">iii", 1, partition, len(batch)) + batch
        answer = self._leader(topic, partition).call(PRODUCE, body)
        answer.count()
        answer.string()
        answer.count()
        answer.number("i")
        error = answer.number("h")
        offset = answer.number("q")
        answer.number("q")
        answer.number("q")
        reasons = [(answer.number("i"), answer.string()) for _ in range(answer.count())]
        check(error, f"produce to {topic}-{partition}: {answer.string()} {reasons}")
        return offset

    def _fetch(self, topic: str, partition: int, position: int) -> bytes:
        body = struct.pack(">iiiibii", -1, 500, 1, MOST_BYTES_A_FETCH, READ_UNCOMMITTED, 0, -1)
        body += one_topic(topic) + struct.pack(">iiiqqi", 1, partition, -1, position, -1, MOST_BYTES_A_PARTITION)
        body += struct.pack(">i", 0) + string("")
        answer = self._leader(topic, partition).call(FETCH, body)
        answer.number("i")
        check(answer.number("h"), "fetch")
        answer.number("i")
        answer.count()
        answer.string()
        answer.count()
        answer.number("i")
        check(answer.number("h"), f"fetch of {topic}-{partition} at {position}")
        for _ in ("high watermark", "last stable offset", "log start offset"):
            answer.number("q")
        for _ in range(answer.count()):
            answer.number("q")
            answer.number("q")
        answer.number("i")
        return answer.sized()

    def _leader(self, topic: str, partition: int) -> Connection:
        if (topic, partition) not in self._leader_of:
            for number, address in self._leaders(topic).items():
                self._leader_of[topic, number] = address
        return self._connection(self._leader_of[topic, partition])

    def _leaders(self, topic: str) -> dict[int, tuple[str, int]]:
        answer = self._connection(self._bootstrap).call(METADATA, struct.pack(">i", 1) + string(topic) + b"\0")
        answer.number("i")
        brokers: dict[int, tuple[str, int]] = {}
        for _ in range(answer.count()):
            broker = answer.number("i")
            brokers[broker] = (answer.string() or "", answer.number("i"))
            answer.string()
        answer.string()
        answer.number("i")
        answer.count()
        check(answer.number("h"), f"topic {topic}")
        answer.string()
        answer.number("b")
        leaders: dict[int, tuple[str, int]] = {}
        for _ in range(answer.count()):
            error = answer.number("h")
            partition = answer.number("i")
            check(error, f"{topic}-{partition}")
            leaders[partition] = brokers[answer.number("i")]
            for _ in ("replicas", "in-sync replicas"):
                answer.raw(4 * answer.count())
        return leaders

    def _connection(self, address: tuple[str, int]) -> Connection:
        if address not in self._connections:
            self._connections[address] = Connection(*address)
        return self._connections[address]


def string(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">h", -1)
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def one_topic(topic: str) -> bytes:
    return struct.pack(">i", 1) + string(topic)


def check(error: int, what: str) -> None:
    if error != 0:
        raise KafkaError(f"{what}: Kafka's error {error}")

"""Creates topics and fills them with what has hurt backups before.

    plain       records as an ordinary producer writes them
    nasty       every codec; null, empty, duplicate, unordered and non-UTF-8 keys, values and headers; transactions, interleaved,
                aborted, with markers far after them; odd timestamps; batches of one record and of thousands; 100 KB and 10 MB records
    append-time a topic whose broker sets the time
    compacted   holes where the cleaner took records, at the head and in the middle
    steady      so many records a second, for so many seconds
    single      every record in a batch of its own

Prints one JSON object: what a consumer of committed records will find. Everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import Producer
from kafka_admin import TAKES_ALL, create_topic
from kafka_wire import Cluster
from record_batch import Header, Record, encode_batch

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
DAY_MS = 86_400_000
# A moment in the past, so that a run does not depend on the clock.
BASE_TIME = 1_790_000_000_000
TEN_MEGABYTES = 10_000_000


class Filler:
    """Writes into one topic, and counts what stays visible."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.bootstrap: str = options.bootstrap
        self.topic: str = options.topic
        self.partitions: int = options.partitions
        self.random = random.Random(options.seed)
        self.noise = self.random.randbytes(1 << 20)
        self.visible = [0] * options.partitions
        self.hidden = 0
        self._number = 0
        self._failures: list[str] = []

    def create(self, configuration: Mapping[str, str]) -> None:
        create_topic(self.bootstrap, self.topic, self.partitions, configuration)

    def producer(self, **settings: object) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "message.max.bytes": 16 << 20,
                "queue.buffering.max.messages": 200_000,
                "linger.ms": 20,
                **settings,
            }
        )

    def value(self, length: int) -> bytes:
        """Different each time, so that records which change places are distinguished; half of it compresses well."""
        self._number += 1
        start = self.random.randrange(len(self.noise) - min(length, len(self.noise) // 2))
        noise = self.noise[start : start + length // 2]
        text = b"%012d " % self._number + noise
        return (text + b"a line that comes again\n" * (length // 24))[: max(length, 13)]

    def key(self) -> bytes | None:
        kind = self.random.randrange(10)
        if kind == 0:
            return None
        if kind == 1:
            return b""
        return b"key-%d" % self.random.randrange(5000)

    def write(self, producer: Producer, partition: int, record: Record) -> None:
        """Hands a record to librdkafka, waiting where its queue is full."""
        while True:
            try:
                producer.produce(
                    self.topic,
                    value=record.value,
                    key=record.key,
                    partition=partition,
                    headers=[(name.decode(), content) for name, content in record.headers],
                    timestamp=record.timestamp,
                    on_delivery=self._delivered,
                )
                return
            except BufferError:
                producer.poll(0.5)

    def finish(self, producer: Producer) -> None:
        if producer.flush(300) > 0 or self._failures:
            raise RuntimeError(f"not all records were written: {self._failures[:3]}")

    def written(self, partition: int, count: int = 1) -> None:
        self.visible[partition] += count

    def record(self, length: int, headers: tuple[Header, ...] = (), timestamp: int | None = None) -> Record:
        moment = BASE_TIME + self._number if timestamp is None else timestamp
        return Record(0, moment, self.key(), self.value(length), headers)

    def report(self) -> None:
        document = {
            "topic": self.topic,
            "records": sum(self.visible),
            "byPartition": self.visible,
            "aborted": self.hidden,
        }
        print(json.dumps(document))

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self._failures.append(str(error))


def plain(filler: Filler, options: argparse.Namespace) -> None:
    if not options.append:
        filler.create({})
    producer = filler.producer(**{"compression.type": options.codec, "linger.ms": 50})
    started = int(time.time() * 1000) - options.records
    for index in range(options.records):
        partition = index % filler.partitions
        record = filler.record(options.value_bytes, timestamp=started + index)
        filler.write(producer, partition, record)
        filler.written(partition)
        producer.poll(0)
    filler.finish(producer)


def single(filler: Filler, options: argparse.Namespace) -> None:
    """Records as a producer writes them that sends each at once."""
    filler.create({})
    producer = filler.producer(**{"compression.type": options.codec, "batch.num.messages": 1})
    for index in range(options.records):
        partition = index % filler.partitions
        filler.write(producer, partition, bulk_record(filler, index))
        filler.written(partition)
        producer.poll(0)
    filler.finish(producer)


def nasty(filler: Filler, options: argparse.Namespace) -> None:
    filler.create(TAKES_ALL)
    raw = max(options.records // 50, 200)
    bulk(filler, options.records - raw)
    raw_batches(filler, raw)
    # A small topic is for quick checks.
    large = options.records >= 10_000
    transactions(filler, between=60 if large else 5)
    if large:
        huge_records(filler)


def bulk(filler: Filler, count: int) -> None:
    """99 of 100 below 1 KB, one of 1,000 above 100 KB; every codec in every partition, idempotent producers and plain ones."""
    producers = [
        filler.producer(
            **{
                "compression.type": codec,
                "enable.idempotence": index % 2 == 0,
                # lz4 collects thousands into a batch, snappy only a few.
                "linger.ms": {"lz4": 200, "snappy": 0}.get(codec, 20),
                "batch.num.messages": 10_000,
                "batch.size": 4_000_000 if codec == "lz4" else 200_000,
            }
        )
        for index, codec in enumerate(CODECS)
    ]
    for index in range(count):
        partition = index % filler.partitions
        producer = producers[(index // filler.partitions) % len(producers)]
        filler.write(producer, partition, bulk_record(filler, index))
        filler.written(partition)
        producer.poll(0)
    for producer in producers:
        filler.finish(producer)


def bulk_record(filler: Filler, index: int) -> Record:
    if index % 1000 == 7:
        return filler.record(100_000 + filler.random.randrange(5_000))
    kind = index % 40
    record = filler.record(filler.random.randrange(900), HEADER_LISTS[index % len(HEADER_LISTS)])
    if kind == 1:
        return record._replace(value=None)
    if kind == 2:
        return record._replace(value=b"")
    if kind == 3:
        return record._replace(key=None, value=None, headers=())
    return record


HEADER_LISTS: tuple[tuple[Header, ...], ...] = (
    (),
    (),
    ((b"trace", b"00-4bf92f"),),
    ((b"same", b"1"), (b"other", None), (b"same", b"2"), (b"same", b"")),
    ((b"z", b"last name first"), (b"a", b""), (b"", b"no name")),
    (("Größe".encode(), "übergroß".encode()),),
)


def raw_batches(filler: Filler, count: int) -> None:
    """What no client library writes: names that are not UTF-8, times from -1 to the far future in one batch, tiny batches."""
    odd_headers: tuple[Header, ...] = ((b"\xff\xfe", b"\x00"), (b"\xc3\x28", None), (b"\xff\xfe", b"again"))
    odd_times = (-1, 0, 1, BASE_TIME, BASE_TIME - 400 * DAY_MS, 4_102_444_800_000, BASE_TIME - 1, BASE_TIME - 1)
    with Cluster(filler.bootstrap) as cluster:
        done = index = 0
        while done < count:
            size = min(count - done, 1 if index % 2 == 0 else filler.random.randrange(2, 40))
            records = [
                filler.record(
                    filler.random.randrange(300),
                    odd_headers if (index + position) % 3 == 0 else (),
                    odd_times[(index + position) % len(odd_times)],
                )
                for position in range(size)
            ]
            partition = index % filler.partitions
            cluster.produce(filler.topic, partition, encode_batch(records, index // 2 % len(CODECS)))
            filler.written(partition, size)
            done += size
            index += 1


def transactions(filler: Filler, between: int) -> None:
    """Interleaved, committed and aborted; two aborts of one producer in a row; a marker megabytes after its records; empty ones."""
    partition = 1 % filler.partitions
    first, second = (
        filler.producer(**{"transactional.id": f"{filler.topic}-{name}", "compression.type": codec})
        for name, codec in (("first", "none"), ("second", "lz4"))
    )
    first.init_transactions(60)
    second.init_transactions(60)
    plain_producer = filler.producer()

    def send(producer: Producer, count: int, length: int = 200) -> int:
        for _ in range(count):
            filler.write(producer, partition, filler.record(length))
        filler.finish(producer)
        return count

    for round_number in range(4):
        first.begin_transaction()
        second.begin_transaction()
        of_first = send(first, 20)
        of_second = send(second, 15)
        filler.written(partition, send(plain_producer, 10))
        of_first += send(first, 5)
        if round_number % 2 == 0:
            first.abort_transaction(60)
            filler.hidden += of_first
            first.begin_transaction()
            filler.hidden += send(first, 7)
            first.abort_transaction(60)
        else:
            first.commit_transaction(60)
            filler.written(partition, of_first)
        of_second += send(second, 5)
        second.commit_transaction(60)
        filler.written(partition, of_second)

    # The marker comes long after what it aborts: in another fetch, and in another chunk.
    first.begin_transaction()
    filler.hidden += send(first, 30)
    filler.written(partition, send(plain_producer, between, 100_000))
    first.abort_transaction(60)
    second.begin_transaction()
    of_second = send(second, 30)
    filler.written(partition, send(plain_producer, between, 100_000))
    second.commit_transaction(60)
    filler.written(partition, of_second)
    filler.written(partition, send(plain_producer, 5))


def huge_records(filler: Filler) -> None:
    for codec in ("none", "zstd"):
        producer = filler.producer(**{"compression.type": codec, "message.copy.max.bytes": 16 << 20})
        partition = 2 % filler.partitions
        filler.write(producer, partition, filler.record(TEN_MEGABYTES))
        filler.finish(producer)
        filler.written(partition)


def append_time(filler: Filler, options: argparse.Namespace) -> None:
    filler.create({"message.timestamp.type": "LogAppendTime"})
    for codec in CODECS:
        producer = filler.producer(**{"compression.type": codec, "batch.num.messages": 50})
        for index in range(options.records // len(CODECS)):
            partition = index % filler.partitions
            filler.write(producer, partition, filler.record(filler.random.randrange(300)))
            filler.written(partition)
        filler.finish(producer)


def compacted(filler: Filler, options: argparse.Namespace) -> None:
    """Few keys, often overwritten, some with tombstones; waits until the cleaner has made holes in every partition."""
    filler.create(
        {
            "cleanup.policy": "compact",
            "segment.bytes": str(1 << 20),
            "min.cleanable.dirty.ratio": "0.01",
            "min.compaction.lag.ms": "0",
            "delete.retention.ms": "3600000",
        }
    )
    for codec in CODECS:
        producer = filler.producer(**{"compression.type": codec, "enable.idempotence": True, "batch.size": 20_000})
        for index in range(options.records // len(CODECS)):
            partition = index % filler.partitions
            record = filler.record(400)._replace(key=b"key-%d" % filler.random.randrange(100 + index // 20))
            filler.write(producer, partition, record._replace(value=None) if index % 50 == 0 else record)
            producer.poll(0)
        filler.finish(producer)
    with Cluster(filler.bootstrap) as cluster:
        until(lambda: all(has_holes(cluster, filler.topic, number) for number in range(filler.partitions)), "no holes")
        filler.visible = settled_counts(cluster, filler)


def steady(filler: Filler, options: argparse.Namespace) -> None:
    """Says "started" on standard error when the first records are there."""
    filler.create({})
    producer = filler.producer(**{"compression.type": options.codec})
    started = time.monotonic()
    written = 0
    while written < options.records:
        due = min(options.records, int((time.monotonic() - started) * options.rate) + 1)
        for index in range(written, due):
            partition = index % filler.partitions
            record = filler.record(options.value_bytes, timestamp=int(time.time() * 1000))
            filler.write(producer, partition, record)
            filler.written(partition)
        if written == 0:
            filler.finish(producer)
            print("started", file=sys.stderr, flush=True)
        written = due
        producer.poll(0.05)
    filler.finish(producer)


def has_holes(cluster: Cluster, topic: str, partition: int) -> bool:
    return any(
        batch.record_count < batch.last_offset - batch.base_offset + 1 for batch in cluster.batches(topic, partition)
    )


def settled_counts(cluster: Cluster, filler: Filler) -> list[int]:
    """The counts when the cleaner has nothing more to take: a check must not race with it."""
    counts: list[list[int]] = []

    def settled() -> bool:
        counts.append([record_count(cluster, filler.topic, number) for number in range(filler.partitions)])
        return len(counts) > 8 and all(count == counts[-1] for count in counts[-8:])

    until(settled, "the cleaner does not come to rest")
    return counts[-1]


def record_count(cluster: Cluster, topic: str, partition: int) -> int:
    return sum(batch.record_count for batch in cluster.batches(topic, partition) if not batch.is_control)


def until(condition: Callable[[], bool], complaint: str) -> None:
    for _ in attempts(seconds=90):
        if condition():
            return
    raise TimeoutError(complaint)


def attempts(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield None
        time.sleep(0.25)


def main() -> int:
    kinds = {
        "plain": plain,
        "nasty": nasty,
        "append-time": append_time,
        "compacted": compacted,
        "steady": steady,
        "single": single,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--records", type=int, required=True, help="about how many; the report says it exactly")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codec", choices=CODECS, default="none", help="of plain, single and steady")
    parser.add_argument("--value-bytes", type=int, default=300, help="of plain and steady")
    parser.add_argument("--rate", type=float, default=100, help="of steady: records a second")
    parser.add_argument("--append", action="store_true", help="of plain: the topic is there already")
    options = parser.parse_args()
    filler = Filler(options)
    kinds[options.kind](filler, options)
    filler.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())

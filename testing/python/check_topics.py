"""Compares two topics record by record, with clients that are not ours.

Which records are visible, and their keys, values, timestamps and timestamp types, are what librdkafka says (confluent-kafka,
reading committed records only). Header names are bytes, which that client cannot give: they come from a reader of raw batches in plain
Python, which also reads all the rest again. Where the two readers disagree, the check itself fails.

Prints one line for each difference, with partition and offset, and a last line with the sum.
Exit status: 0 the same, 1 different, 2 the check could not be made.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    Message,
    TopicPartition,
)
from kafka_wire import EARLIEST, Cluster
from record_batch import Header, Record

PATIENCE_SECONDS = 60
# How far apart the two sides may have drifted and still be brought together again.
LOOK_AHEAD = 10_000
LOOK_AHEAD_BYTES = 128 << 20


class Side(NamedTuple):
    bootstrap: str
    topic: str


class Seen(NamedTuple):
    """What must be the same on both sides."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    timestamp: int
    timestamp_type: str

    @property
    def size(self) -> int:
        return len(self.key or b"") + len(self.value or b"")


class Found(NamedTuple):
    offset: int
    seen: Seen


class Disagreement(Exception):
    pass


def read_partition(side: Side, partition: int) -> Iterator[Found]:
    """The records of a partition that a consumer sees, in order."""
    with Cluster(side.bootstrap) as cluster:
        raw = raw_records(cluster, side.topic, partition)
        for message in consume(side, partition, cluster.offset(side.topic, partition, EARLIEST)):
            offset = message.offset()
            record, timestamp_type = next(raw, (None, ""))
            while record is not None and record.offset < offset:
                record, timestamp_type = next(raw, (None, ""))
            if record is None or record.offset != offset:
                raise Disagreement(f"{side.topic}-{partition}: only librdkafka sees a record at offset {offset}")
            must_agree(message, record, timestamp_type)
            yield Found(offset, Seen(message.key(), message.value(), record.headers, record.timestamp, timestamp_type))


def raw_records(cluster: Cluster, topic: str, partition: int) -> Iterator[tuple[Record, str]]:
    for batch in cluster.batches(topic, partition):
        if batch.is_control:
            continue
        timestamp_type = "LogAppendTime" if batch.has_append_time else "CreateTime"
        for record in batch.records():
            yield record, timestamp_type


def consume(side: Side, partition: int, start: int) -> Iterator[Message]:
    """From an offset to the last stable one. (librdkafka takes half a second to find the first offset itself.)"""
    consumer = Consumer(
        {
            "bootstrap.servers": side.bootstrap,
            "group.id": "kannery-checker",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "check.crcs": True,
            "allow.auto.create.topics": False,
            "fetch.message.max.bytes": 16 << 20,
            "receive.message.max.bytes": 128 << 20,
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        consumer.assign([TopicPartition(side.topic, partition, start)])
        while True:
            message = consumer.poll(PATIENCE_SECONDS)
            if message is None:
                raise Disagreement(f"{side.topic}-{partition}: no answer within {PATIENCE_SECONDS} s")
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            else:
                raise Disagreement(f"{side.topic}-{partition}: {error}")
    finally:
        consumer.close()


def must_agree(message: Message, record: Record, timestamp_type: str) -> None:
    kind, timestamp = message.timestamp()
    differing = [
        name
        for name, theirs, raw in (
            ("key", message.key(), record.key),
            ("value", message.value(), record.value),
            # librdkafka gives no timestamp where it is -1.
            ("timestamp", record.timestamp if record.timestamp == -1 else timestamp, record.timestamp),
            ("timestamp type", timestamp_type if record.timestamp == -1 else name_of(kind), timestamp_type),
        )
        if theirs != raw
    ]
    if differing:
        where = f"{message.topic()}-{message.partition()} at offset {message.offset()}"
        raise Disagreement(f"{where}: librdkafka and the raw reader see another {', '.join(differing)}")


def name_of(kind: int) -> str:
    names = {TIMESTAMP_CREATE_TIME: "CreateTime", TIMESTAMP_LOG_APPEND_TIME: "LogAppendTime"}
    return names.get(kind, "no timestamp")


class Ahead:
    """An iterator that lets one look at what comes next."""

    def __init__(self, records: Iterator[Found]) -> None:
        self._records = records
        self._seen: deque[Found] = deque()
        self.last_offset: int | None = None

    def look(self, count: int) -> list[Found]:
        """The next records: so many, if they are not too large together."""
        size = sum(found.seen.size for found in self._seen)
        while len(self._seen) < count and (size < LOOK_AHEAD_BYTES or not self._seen):
            found = next(self._records, None)
            if found is None:
                break
            self._seen.append(found)
            size += found.seen.size
        return list(islice(self._seen, count))

    def take(self) -> Found | None:
        found = self.peek()
        if found is not None:
            self._seen.popleft()
            self.last_offset = found.offset
        return found

    def peek(self) -> Found | None:
        if not self._seen:
            self.look(1)
        return self._seen[0] if self._seen else None


class Comparison:
    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._dropped = {name.encode() for name in options.drop_header or ()}
        self.compared = 0
        self.differences = 0

    def report(self, line: str) -> None:
        self.differences += 1
        if self.differences <= self._options.max_differences:
            print(line)

    def partition(self, number: int, source: Iterator[Found], target: Iterator[Found]) -> None:
        left, right = Ahead(self._expected(source)), Ahead(target)
        while True:
            wanted, found = left.peek(), right.peek()
            if wanted is None and found is None:
                return
            if wanted is not None and found is not None and wanted.seen == found.seen:
                left.take()
                right.take()
                self._same(number, wanted, found)
            else:
                self._different(number, left, right)

    def _expected(self, source: Iterator[Found]) -> Iterator[Found]:
        """What of the source must be in the target."""
        since, until = self._options.since, self._options.until
        for found in source:
            seen = found.seen
            if (since is not None and seen.timestamp < since) or (until is not None and seen.timestamp >= until):
                continue
            if self._options.append_time_becomes_create_time:
                seen = seen._replace(timestamp_type="CreateTime")
            headers = tuple(header for header in seen.headers if header[0] not in self._dropped)
            if self._options.original_offset_header is not None:
                headers += ((self._options.original_offset_header.encode(), str(found.offset).encode()),)
            yield found._replace(seen=seen._replace(headers=headers))

    def _same(self, number: int, wanted: Found, found: Found) -> None:
        self.compared += 1
        if self._options.same_offsets and wanted.offset != found.offset:
            self.report(f"partition {number}: source offset {wanted.offset} has target offset {found.offset}")

    def _different(self, number: int, left: Ahead, right: Ahead) -> None:
        missing, extra = self._nearest_match(left.look(LOOK_AHEAD), right.look(LOOK_AHEAD))
        changed = min(missing, extra)
        for _ in range(changed):
            wanted, found = left.take(), right.take()
            if wanted is None or found is None:
                raise AssertionError("both sides have what was looked at")
            if wanted.seen == found.seen:
                self._same(number, wanted, found)
                continue
            names = [name for name in Seen._fields if getattr(wanted.seen, name) != getattr(found.seen, name)]
            self.report(
                f"partition {number}: source offset {wanted.offset} differs from target offset {found.offset}: "
                + ", ".join(name.replace("_", " ") for name in names)
            )
        for _ in range(missing - changed):
            wanted = left.take()
            self.report(
                f"partition {number}: source offset {wanted and wanted.offset} is missing in the target, "
                f"after target offset {right.last_offset}"
            )
        for _ in range(extra - changed):
            found = right.take()
            self.report(
                f"partition {number}: target offset {found and found.offset} should not be there, "
                f"after source offset {left.last_offset}"
            )

    @staticmethod
    def _nearest_match(left: list[Found], right: list[Found]) -> tuple[int, int]:
        """How many records to skip on either side until both continue alike; all that were examined if they never do."""
        first_there: dict[Seen, int] = {}
        for j, found in enumerate(right):
            first_there.setdefault(found.seen, j)
        matches = [(i, first_there[wanted.seen]) for i, wanted in enumerate(left) if wanted.seen in first_there]
        # Of two at the same distance the evener one: a changed record is not one missing and one too many.
        return min(matches, key=lambda pair: (sum(pair), abs(pair[0] - pair[1])), default=(len(left), len(right)))


def main() -> int:
    options = arguments()
    source = Side(options.bootstrap, options.source)
    target = Side(options.target_bootstrap or options.bootstrap, options.target)
    comparison = Comparison(options)
    with Cluster(source.bootstrap) as here, Cluster(target.bootstrap) as there:
        partitions = here.partitions(source.topic)
        found = there.partitions(target.topic)
    if partitions != found:
        comparison.report(f"the source has {len(partitions)} partitions, the target {len(found)}")
    chosen = [number for number in partitions if number in found and number in (options.partition or partitions)]
    for number in chosen:
        comparison.partition(number, read_partition(source, number), read_partition(target, number))
    hidden = comparison.differences - options.max_differences
    if hidden > 0:
        print(f"and {hidden} differences more")
    print(
        f"compared {comparison.compared} equal records in {len(chosen)} partitions: {comparison.differences} differences"
    )
    return 0 if comparison.differences == 0 else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True, help="host:port of the source, and by default of the target")
    parser.add_argument("--target-bootstrap")
    parser.add_argument("--source", required=True, metavar="TOPIC")
    parser.add_argument("--target", required=True, metavar="TOPIC")
    parser.add_argument("--partition", type=int, action="append", help="only this one; may be given again")
    parser.add_argument("--since", type=int, help="the target must hold only records from this time on (ms)")
    parser.add_argument("--until", type=int, help="the target must hold only records before this time (ms)")
    parser.add_argument("--same-offsets", action="store_true", help="each record must have the offset it had")
    parser.add_argument(
        "--append-time-becomes-create-time",
        action="store_true",
        help="a broker takes no LogAppendTime from a producer: the time must be the same, the type CreateTime",
    )
    parser.add_argument("--drop-header", action="append", metavar="NAME", help="the target must not have this header")
    parser.add_argument(
        "--original-offset-header",
        metavar="NAME",
        help="each record of the target must have this header in addition, with its offset in the source",
    )
    parser.add_argument("--max-differences", type=int, default=20, help="how many are printed")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:
        print(f"check_topics: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)

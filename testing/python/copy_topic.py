"""Copies what a consumer sees of a topic into a new one, with one deliberate deviation, so that a check can be shown to find it.

Prints the number of the record within its partition at which it deviates. Slow: for small topics only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from check_topics import Side, read_partition
from kafka_admin import TAKES_ALL, create_topic
from kafka_wire import Cluster
from record_batch import Record, encode_batch

BATCH = 5


def changed(records: list[Record], index: int) -> list[Record]:
    """One bit of the value."""
    record = records[index]
    value = record.value or b"\0"
    return replaced(records, index, [record._replace(value=value[:-1] + bytes([value[-1] ^ 1]))])


def key_emptied(records: list[Record], index: int) -> list[Record]:
    """Null becomes empty, and all else null: the difference that a careless comparison does not see."""
    return replaced(records, index, [records[index]._replace(key=b"" if records[index].key is None else None)])


def missing(records: list[Record], index: int) -> list[Record]:
    return replaced(records, index, [])


def doubled(records: list[Record], index: int) -> list[Record]:
    return replaced(records, index, [records[index], records[index]])


def doubled_for_another(records: list[Record], index: int) -> list[Record]:
    """One is there twice and its neighbour is not: the counts are equal."""
    return replaced(replaced(records, index + 1, []), index, [records[index], records[index]])


def swapped(records: list[Record], index: int) -> list[Record]:
    return [*records[:index], records[index + 1], records[index], *records[index + 2 :]]


def headers_turned(records: list[Record], index: int) -> list[Record]:
    record = records[index]
    return replaced(records, index, [record._replace(headers=record.headers[::-1])])


def later(records: list[Record], index: int) -> list[Record]:
    return replaced(records, index, [records[index]._replace(timestamp=records[index].timestamp + 1)])


def replaced(records: list[Record], index: int, instead: list[Record]) -> list[Record]:
    return [*records[:index], *instead, *records[index + 1 :]]


DEVIATIONS: dict[str, Callable[[list[Record], int], list[Record]]] = {
    "changed": changed,
    "key-emptied": key_emptied,
    "missing": missing,
    "doubled": doubled,
    "doubled-for-another": doubled_for_another,
    "swapped": swapped,
    "headers-turned": headers_turned,
    "later": later,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--deviation", choices=DEVIATIONS)
    parser.add_argument("--partition", type=int, help="where the deviation is")
    parser.add_argument("--from-index", type=int, help="at the first record from this on that has two headers")
    parser.add_argument("--config", action="append", default=[], metavar="NAME=VALUE", help="of the new topic")
    options = parser.parse_args()
    configuration = dict(setting.split("=", 1) for setting in options.config)
    with Cluster(options.bootstrap) as cluster:
        partitions = cluster.partitions(options.source)
        create_topic(options.bootstrap, options.target, len(partitions), {**TAKES_ALL, **configuration})
        for partition in partitions:
            found = read_partition(Side(options.bootstrap, options.source), partition)
            records = [Record(0, seen.timestamp, seen.key, seen.value, seen.headers) for _, seen in found]
            if options.deviation is not None and partition == options.partition:
                index = next(i for i, r in enumerate(records) if i >= options.from_index and len(r.headers) > 1)
                print(index)
                records = DEVIATIONS[options.deviation](records, index)
            for start in range(0, len(records), BATCH):
                cluster.produce(options.target, partition, encode_batch(records[start : start + BATCH]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

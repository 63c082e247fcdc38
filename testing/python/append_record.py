"""Appends a copy of a partition's last record: what a retry without idempotence does."""

from __future__ import annotations

import argparse
import sys
from collections import deque

from kafka_wire import Cluster
from record_batch import encode_batch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partition", type=int, required=True)
    options = parser.parse_args()
    with Cluster(options.bootstrap) as cluster:
        (last,) = deque(cluster.batches(options.topic, options.partition), maxlen=1)
        (record,) = deque(last.records(), maxlen=1)
        cluster.produce(options.topic, options.partition, encode_batch([record]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

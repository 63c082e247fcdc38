"""What tests need of Kafka's administration, by confluent-kafka."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient, NewTopic

FAR_FUTURE = "9223372036854775807"
# A topic that takes whatever a test writes: any timestamp, and records of 10 MB.
TAKES_ALL = {
    "max.message.bytes": str(16 << 20),
    "message.timestamp.after.max.ms": FAR_FUTURE,
    "message.timestamp.before.max.ms": FAR_FUTURE,
    "compression.type": "producer",
}


def create_topic(bootstrap: str, topic: str, partitions: int, configuration: Mapping[str, str]) -> None:
    # The client must live until the answer is there.
    admin = AdminClient({"bootstrap.servers": bootstrap})
    wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=dict(configuration))
    for future in admin.create_topics([wanted]).values():
        future.result(60)

#!/usr/bin/env bash
# The tour of README.md, as a script: every snippet there is a part of this file, and a test runs it.
set -euo pipefail

# A broker with something in it.
./dev kafka start
./dev kafka fill orders 10000

# Back it up.
./dev kannery backup --from localhost:9092 --to ./tour --topic orders --once

# Look into the backup: these commands do not need Kafka.
./dev kannery ls ./tour
./dev kannery show ./tour orders
./dev kannery cat ./tour orders --partition 0 --since 2020-01-01 | head -n 3
./dev kannery verify ./tour

# Restore it under another name, and compare.
./dev kannery restore --from ./tour --to localhost:9092 --topic orders --as orders-copy --verify

# Clean up.
./dev kafka stop
rm -r ./tour

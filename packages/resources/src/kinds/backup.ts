import { z } from 'zod'
import { ipv6Pattern, portPattern } from '../values/address.ts'
import { checkRetention, parseDuration } from '../values/duration.ts'
import {
  advice,
  type Immutable,
  matchingText,
  oneOf,
  parsedText,
  someText,
} from '../values/schemas.ts'
import { parseSize } from '../values/size.ts'
import { chosenAndExcluded, topicPattern } from '../values/topic-pattern.ts'
import { documentName, envelope } from './envelope.ts'

const duration = parsedText(parseDuration, 'Write a duration such as 90s, 5m or 1h30m.')
const retention = parsedText(checkRetention, 'Write keep, or a duration such as 30d.')
const size = parsedText(parseSize, 'Write a size such as 64MiB.')

/** Less has no room for an answer of a broker, a chunk and the part of an upload, 5 MiB with S3. */
const leastMemoryBytes = 16 * 1024 * 1024

/** Less leaves no time to renew a lease over a network. */
const leastTtlMs = 1000

const spec = z
  .strictObject({
    /** Name of the Storage that the backup goes to. */
    storage: documentName('a Storage'),
    /** Name of the KafkaCluster that is backed up. */
    kafkaCluster: documentName('a KafkaCluster'),
    /** Topics: names, globs such as `orders.*`, or regular expressions between slashes. */
    topics: z
      .array(topicPattern)
      .min(1)
      .register(advice, { right: 'Write a list of topics or patterns, such as [orders.*].' }),
    /** Topics to leave out. Wins over `topics`. */
    excludeTopics: z
      .array(topicPattern)
      .register(advice, { right: 'Write a list of topics or patterns.' })
      .optional(),
    /**
     * Ends when everything that was there at the start is stored. Without it, the backup continues.
     */
    once: z
      .strictObject({
        /** How long to wait for open transactions to end. Defaults to 30s. */
        transactionPatience: duration.prefault('30s'),
      })
      .register(advice, { right: 'Write {} to back up once.' })
      .optional(),
    /** How to compress what the producers did not. Defaults to zstd. */
    codec: oneOf(['zstd', 'none']).prefault('zstd'),
    /** When a segment is closed. */
    segment: z
      .strictObject({
        /** By size; the chunk that fills it, of about 1 MiB, still goes in. Defaults to 64MiB. */
        maxSize: size.prefault('64MiB'),
        /** By age: what a crash can cost at most. Defaults to 5m. */
        maxAge: duration
          .refine((milliseconds) => milliseconds > 0, {
            message: 'leaves no time to fill a segment',
            params: { right: 'Write more than 0s; 5m is usual.' },
          })
          .prefault('5m'),
      })
      .prefault({}),
    /** Budget for the data in memory. Defaults to 256MiB. */
    memory: size
      .refine((bytes) => bytes >= leastMemoryBytes, {
        message: 'is less than 16MiB',
        params: { right: 'Write 16MiB at least; 256MiB is usual.' },
      })
      .prefault('256MiB'),
    /** How this backup holds a topic against other writers. */
    lease: z
      .strictObject({
        /** How long a silent backup counts as alive before another takes over. Defaults to 5m. */
        ttl: duration
          .refine((milliseconds) => milliseconds >= leastTtlMs, {
            message: 'is less than a second',
            params: { right: 'Write a second at least; 5m is usual.' },
          })
          .prefault('5m'),
        /**
         * How long to wait for a lease that another writer holds. Defaults to 0s: it fails at once.
         */
        wait: duration.prefault('0s'),
        /**
         * A name that only this backup has, over restarts: its own lease is then taken over at
         * once.
         */
        identity: someText('Write a name that no other backup has.').optional(),
      })
      .prefault({}),
    /**
     * How long to keep what is stored from now on: a duration such as 30d, or keep. Defaults to
     * what the backup in the storage says already, which is at first to keep.
     */
    retention: retention.optional(),
    /** Serves Prometheus metrics. */
    metrics: z
      .strictObject({
        /** `[host:]port`; on the loopback address unless a host is given. */
        address: matchingText(new RegExp(`^((${ipv6Pattern}|[^:[\\]\\s]+):)?(0|${portPattern})$`), {
          what: 'an address for metrics',
          right:
            'Write a port such as 9090 (in YAML, in quotes), or host:port; a port is 1 to 65535, or 0 for any that is free.',
        }),
      })
      .optional(),
  })
  .superRefine(({ topics, excludeTopics }, context) => {
    for (const issue of chosenAndExcluded(topics, excludeTopics)) context.addIssue(issue)
  })
  .register(advice, { right: 'Write storage, kafkaCluster and topics at least.' })

export const backupSchema = envelope('Backup', spec)

/** Topics to back up, and how, as it is written. */
export type BackupDocument = Immutable<z.input<typeof backupSchema>>

/** Topics to back up, and how. Durations are in milliseconds, sizes in bytes. */
export type Backup = Immutable<z.output<typeof backupSchema>>

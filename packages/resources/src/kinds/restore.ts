import { z } from 'zod'
import {
  advice,
  type Immutable,
  oneOf,
  parsedText,
  someText,
  trueOrFalse,
  wholeNumber,
} from '../values/schemas.ts'
import { parseMoment } from '../values/time.ts'
import {
  chosenAndExcluded,
  isTopicName,
  topicName,
  topicNamePart,
  topicPattern,
} from '../values/topic-pattern.ts'
import { documentName, envelope } from './envelope.ts'

const moment = parsedText(
  parseMoment,
  'Write a time with its zone, such as 2026-11-23T10:00Z; in quotes where YAML would read a number.',
)

const largestInt32 = 2 ** 31 - 1

const topic = z
  .strictObject({
    /** Name of the topic in the backup, or a pattern as in a Backup. */
    source: topicPattern,
    /** Name of the topic in the target cluster. Defaults to `source` between prefix and suffix. */
    target: topicName.optional(),
    /** Partitions to restore. Defaults to all. */
    partitions: z
      .array(wholeNumber(0, largestInt32))
      .min(1)
      .refine((partitions) => new Set(partitions).size === partitions.length, {
        message: 'names a partition twice',
        params: { right: 'Write each partition once.' },
      })
      .register(advice, { right: 'Write a list of partition numbers, such as [0, 3].' })
      .optional(),
    /** Number of the incarnation, where the topic was created again. Defaults to the last one. */
    incarnation: wholeNumber(0, largestInt32).optional(),
  })
  .refine(({ source, target }) => target === undefined || isTopicName(source), {
    path: ['target'],
    message: 'is one name for all topics that match source',
    params: { right: 'Write a name as source, or prefix or suffix of the Restore instead.' },
  })
  .register(advice, { right: 'Write at least {source: orders}.' })

const spec = z
  .strictObject({
    /** Name of the Storage that holds the backup. */
    storage: documentName('a Storage'),
    /** Name of the KafkaCluster that is restored into. */
    kafkaCluster: documentName('a KafkaCluster'),
    /** Topics to restore, and their names in the target cluster. */
    topics: z
      .array(topic)
      .min(1)
      .register(advice, { right: 'Write a list of topics, such as [{source: orders}].' }),
    /** Topics to leave out. Wins over `topics`. */
    excludeTopics: z
      .array(topicPattern)
      .register(advice, { right: 'Write a list of topics or patterns.' })
      .optional(),
    /** Put before the names of all topics that have no target of their own. */
    prefix: topicNamePart.optional(),
    /** Put after the names of all topics that have no target of their own. */
    suffix: topicNamePart.optional(),
    /** How many topics are restored at the same time. Defaults to 4. */
    parallelism: wholeNumber(1, 1000).optional(),
    /** Restores records with this timestamp or a later one. */
    since: moment.optional(),
    /** Restores records with an earlier timestamp. */
    until: moment.optional(),
    /**
     * Replication factor of topics that are created. Defaults to the source's, or to the number of
     * brokers.
     */
    replicationFactor: wholeNumber(1, 32_767).optional(),
    /**
     * What to do where the retention of a topic would delete restored records at once: let it
     * (source), or leave it off (keep). Without it, such a topic is refused.
     */
    retention: oneOf(['source', 'keep']).optional(),
    /** Names of headers that the restored records do not get. */
    dropHeaders: z
      .array(someText('Write the name of a header.'))
      .register(advice, { right: 'Write a list of names of headers.' })
      .optional(),
    /**
     * Name of a header that gets the record's offset in the backed-up topic, as decimal text. Added
     * after `dropHeaders`: one that is named there as well is replaced.
     */
    originalOffsetHeader: someText('Write the name of a header.').optional(),
    /** Reads restored topics back and compares them record by record. Defaults to false. */
    verify: trueOrFalse().prefault(false),
    /** Leaves out what is damaged, names it, and restores the rest. Defaults to false. */
    skipDamaged: trueOrFalse().prefault(false),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since < until, {
    path: ['until'],
    message: 'is not after since',
    params: { right: 'Write a later time than since, which is included; until is not.' },
  })
  .superRefine((restore, context) => {
    const sources = restore.topics.map(({ source }) => source)
    for (const issue of chosenAndExcluded(sources, restore.excludeTopics)) {
      context.addIssue(issue)
    }
    for (const { path, message, right } of contradictions(restore)) {
      context.addIssue({ code: 'custom', path: ['topics', ...path], message, params: { right } })
    }
  })
  .register(advice, { right: 'Write storage, kafkaCluster and topics at least.' })

interface Contradiction {
  readonly path: readonly [index: number, field?: 'source' | 'target']
  readonly message: string
  readonly right: string
}

interface NamedTopics {
  readonly topics: readonly z.output<typeof topic>[]
  readonly prefix?: string | undefined
  readonly suffix?: string | undefined
}

/** Entries that contradict each other. Which topics a pattern matches is not known here. */
function* contradictions({ topics, prefix = '', suffix = '' }: NamedTopics) {
  const meanings = new Map<string, string>()
  const entries = new Map<string, z.output<typeof topic>>()
  for (const [index, entry] of topics.entries()) {
    const { source, target, incarnation, partitions } = entry
    if (!isTopicName(source)) continue
    const as = target ?? `${prefix}${source}${suffix}`
    const meaning = JSON.stringify([as, incarnation, partitions?.toSorted((a, b) => a - b)])
    const earlier = meanings.get(source)
    // What is refused may be a secret, and is not repeated.
    if (!isTopicName(as)) continue
    const other = entries.get(as)
    if (earlier !== undefined && earlier !== meaning) {
      yield {
        path: [index],
        message: `differs from an earlier entry of topic "${source}"`,
        right: 'Write one entry for each topic: a topic is restored once.',
      } satisfies Contradiction
    } else if (other !== undefined && other.source !== source) {
      const isOfOther = target === undefined && other.target !== undefined
      const [wrong, right] = isOfOther ? [other, entry] : [entry, other]
      yield {
        path: [topics.indexOf(wrong), wrong.target === undefined ? 'source' : 'target'],
        message: `topic "${wrong.source}" is restored into "${as}", as topic "${right.source}" is`,
        right: 'Give each topic a name of its own in the target cluster.',
      } satisfies Contradiction
    }
    meanings.set(source, meaning)
    entries.set(as, entry)
  }
}

export const restoreSchema = envelope('Restore', spec)

/** Topics to restore, and how, as it is written. */
export type RestoreDocument = Immutable<z.input<typeof restoreSchema>>

/** Topics to restore, and how. Times are in milliseconds since 1970. */
export type Restore = Immutable<z.output<typeof restoreSchema>>

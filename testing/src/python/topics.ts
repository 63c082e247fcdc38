import { runPython } from './python.ts'

export type TopicKind = 'plain' | 'nasty' | 'append-time' | 'compacted' | 'steady' | 'single'

export interface FillOptions {
  readonly bootstrapServers: string
  readonly topic: string
  readonly records: number
  readonly partitions?: number
  /** Of `plain`, `single` and `steady`. */
  readonly codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Of `plain` and `steady`. */
  readonly valueBytes?: number
  /** Of `steady`: records a second. */
  readonly rate?: number
  /** Of `plain`: the topic is there already. */
  readonly append?: boolean
}

/** What a consumer of committed records finds. */
export interface FilledTopic {
  readonly topic: string
  readonly records: number
  readonly byPartition: readonly number[]
  /** Records of aborted transactions, which it must not find. */
  readonly aborted: number
}

/** Creates a topic and fills it, as testing/python/fill_topic.py says. */
export async function fillTopic(kind: TopicKind, options: FillOptions): Promise<FilledTopic> {
  const { status, stdout, stderr } = await runPython('fill_topic.py', [
    kind,
    ...['--bootstrap', options.bootstrapServers, '--topic', options.topic],
    ...['--records', String(options.records)],
    ...optional('--partitions', options.partitions),
    ...optional('--codec', options.codec),
    ...optional('--value-bytes', options.valueBytes),
    ...optional('--rate', options.rate),
    ...(options.append === true ? ['--append'] : []),
  ])
  if (status !== 0) throw new Error(`fill_topic.py failed:\n${stderr}`)
  return JSON.parse(stdout) as FilledTopic
}

export interface CheckOptions {
  readonly bootstrapServers: string
  /** Where the target is, if elsewhere. */
  readonly targetBootstrapServers?: string
  readonly source: string
  readonly target: string
  readonly partitions?: readonly number[]
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly sameOffsets?: boolean
  readonly appendTimeBecomesCreateTime?: boolean
  /** Names of headers that the target must not have. */
  readonly dropHeaders?: readonly string[]
  /** A header that each record of the target must have in addition: its offset in the source. */
  readonly originalOffsetHeader?: string
}

export interface TopicComparison {
  readonly equalRecords: number
  /** One sentence for each, with partition and offset. */
  readonly differences: readonly string[]
}

/** Compares two topics with clients that are not ours, as testing/python/check_topics.py says. */
export async function checkTopics(options: CheckOptions): Promise<TopicComparison> {
  const { status, stdout, stderr } = await runPython('check_topics.py', [
    ...['--bootstrap', options.bootstrapServers],
    ...optional('--target-bootstrap', options.targetBootstrapServers),
    ...['--source', options.source, '--target', options.target],
    ...(options.partitions ?? []).flatMap((partition) => ['--partition', String(partition)]),
    ...optional('--since', options.sinceMs),
    ...optional('--until', options.untilMs),
    ...(options.sameOffsets === true ? ['--same-offsets'] : []),
    ...(options.appendTimeBecomesCreateTime === true ? ['--append-time-becomes-create-time'] : []),
    ...(options.dropHeaders ?? []).flatMap((name) => ['--drop-header', name]),
    ...optional('--original-offset-header', options.originalOffsetHeader),
  ])
  const lines = stdout.trimEnd().split('\n')
  const [, equal, sum] =
    /^compared (\d+) equal records in \d+ partitions: (\d+) differences$/.exec(lines.pop() ?? '') ??
    []
  if (status > 1 || (status === 0) !== (sum === '0')) {
    throw new Error(`check_topics.py failed (${status}):\n${stdout}${stderr}`)
  }
  return { equalRecords: Number(equal), differences: lines }
}

export interface CopyOptions {
  readonly bootstrapServers: string
  readonly source: string
  readonly target: string
  /** Of the new topic: NAME=VALUE. */
  readonly configuration?: readonly string[]
  readonly deviation?: { readonly kind: string; readonly partition: number }
}

/**
 * Copies a small topic into a new one, with a deliberate deviation, as testing/python/copy_topic.py
 * says. Resolves with the number of the record, within its partition, at which it deviates.
 */
export async function copyTopic(options: CopyOptions): Promise<number> {
  const { deviation, configuration = [] } = options
  const { status, stdout, stderr } = await runPython('copy_topic.py', [
    ...['--bootstrap', options.bootstrapServers],
    ...['--source', options.source, '--target', options.target],
    ...configuration.flatMap((setting) => ['--config', setting]),
    ...optional('--deviation', deviation?.kind),
    ...optional('--partition', deviation?.partition),
    ...(deviation === undefined ? [] : ['--from-index', '7']),
  ])
  if (status !== 0) throw new Error(`copy_topic.py failed:\n${stderr}`)
  return Number(stdout)
}

function optional(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)]
}

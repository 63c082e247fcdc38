import { catBackup, type CatRecord, parseTime, systemClock } from '@kannery/runtime'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatTime } from '../terminal/format.ts'
import { toJson } from '../terminal/terminal.ts'
import { parsePartitions, selectionOptions } from './selection-options.ts'
import { storageAt } from './storage-options.ts'

export const catCommand: CommandDeclaration = {
  name: 'cat',
  summary: 'print the records of a topic in a storage',
  description:
    'Reads only the ranges that hold what was asked for. With -o json each line is one record; bytes that are not UTF-8 are given as {"base64": …}.',
  arguments: [
    { name: 'storage', description: 'a folder or a URL such as s3://bucket/prefix' },
    { name: 'topic', description: 'the topic' },
  ],
  options: [
    ...selectionOptions,
    { name: 'skip-damaged', description: 'leave out what is damaged, name it, and print the rest' },
  ],
  examples: ['kannery cat ./backups orders --partition 0 --since 2026-11-23T10:00Z'],
  run,
}

async function run({ arguments: words, options, terminal, directory, signal }: Invocation): Promise<void> {
  const [storage = '', topic = ''] = words
  const now = systemClock.now()
  const since = options.text('since')
  const until = options.text('until')
  const records = catBackup({
    storage: storageAt(storage, directory),
    topic,
    partitions: parsePartitions(options.list('partition')),
    window: {
      ...(since === undefined ? {} : { sinceMs: parseTime(since, now) }),
      ...(until === undefined ? {} : { untilMs: parseTime(until, now) }),
    },
    skipDamaged: options.flag('skip-damaged'),
    onDamage: (damage) =>
      terminal.say(`left out: bytes ${damage.from}..${damage.to} of ${damage.key}: ${damage.reason}`),
  })
  const describe = terminal.format === 'json' ? recordLine : recordText
  for await (const batch of records) {
    if (signal.aborted) return
    await terminal.print(batch.map(describe).join(''))
  }
}

function recordLine(record: CatRecord): string {
  const { partition, offset, timestamp, key, value, headers } = record
  return `${toJson({
    partition,
    offset,
    timestamp,
    key: bytesDocument(key),
    value: bytesDocument(value),
    headers: headers.map((header) => ({ key: bytesDocument(header.key), value: bytesDocument(header.value) })),
  })}\n`
}

function recordText(record: CatRecord): string {
  const { partition, offset, timestamp, key, value } = record
  return `${partition}:${offset}  ${formatTime(Number(timestamp))}  ${bytesText(key)}  ${bytesText(value)}\n`
}

function bytesDocument(bytes: Uint8Array | null): string | { base64: string } | null {
  if (bytes === null) return null
  return decodeUtf8(bytes) ?? { base64: Buffer.from(bytes).toString('base64') }
}

/** Quoted, so that a record cannot send control sequences to the terminal. */
function bytesText(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null'
  const text = decodeUtf8(bytes)
  return text === undefined ? `base64:${Buffer.from(bytes).toString('base64')}` : quoted(text)
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

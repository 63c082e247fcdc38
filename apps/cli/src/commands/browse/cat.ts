import { type CatRecord, catBackup } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { describeDamage } from '../../terminal/failures.ts'
import { formatTime } from '../../terminal/format.ts'
import { toJson } from '../../terminal/terminal.ts'
import { selectionOf, selectionOptions } from '../options/selection-options.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const catCommand: CommandDeclaration = defineCommand({
  name: 'cat',
  summary: 'print the records of a topic in a storage',
  description:
    'Reads only the byte ranges that it needs. With -o json each line is one record; bytes that are not UTF-8 are shown as {"base64": …}.',
  arguments: { storage: storageArgument, topic: { description: 'the topic' } },
  options: {
    ...selectionOptions,
    'skip-damaged': flag({ description: 'leave out what is damaged, name it, and print the rest' }),
  },
  examples: ['kannery cat ./backups orders --partition 0 --since 2026-11-23T10:00Z'],
  async run(invocation) {
    const { options, terminal, signal } = invocation
    const { storage, topic } = invocation.arguments
    const records = catBackup({
      ...selectionOf(options),
      storage: await storageAt(storage, invocation),
      topic,
      skipDamaged: options.skipDamaged,
      onDamage: (damage) => terminal.note(`left out: ${describeDamage(damage)}`),
      signal,
    })
    const describe = terminal.format === 'json' ? recordLine : recordText
    for await (const batch of records) {
      await terminal.print(batch.map(describe).join(''))
      if (terminal.outputClosed) return
    }
  },
})

function recordLine(record: CatRecord): string {
  const { partition, offset, timestamp, key, value, headers } = record
  return `${toJson({
    partition,
    offset,
    timestamp,
    key: bytesDocument(key),
    value: bytesDocument(value),
    headers: headers.map((header) => ({
      key: bytesDocument(header.key),
      value: bytesDocument(header.value),
    })),
  })}\n`
}

function recordText(record: CatRecord): string {
  const { partition, offset, timestamp, key, value } = record
  return `${partition}:${offset}  ${formatTime(timestamp)}  ${bytesText(key)}  ${bytesText(value)}\n`
}

function bytesDocument(bytes: Uint8Array | null): string | { base64: string } | null {
  if (bytes === null) return null
  return decodeUtf8(bytes) ?? { base64: base64(bytes) }
}

/** Quoted, so that a record cannot send control sequences to the terminal. */
function bytesText(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null'
  const text = decodeUtf8(bytes)
  return text === undefined ? `base64:${base64(bytes)}` : toJson(text)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

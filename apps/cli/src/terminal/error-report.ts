import type { Advice, ErrorCode, ErrorFacts, KanneryError } from '@kannery/storage'
import { whatToDo } from './advice.ts'
import { formatDuration } from './format.ts'

/** An error or a warning as the documented fields of `-o json`. */
export interface ErrorFields {
  readonly code: ErrorCode
  readonly exitStatus: number
  readonly message: string
  readonly why: string | undefined
  readonly remedy: string
  readonly advice: Advice | undefined
  readonly facts: ErrorFacts
}

const areas: readonly (readonly [prefix: string, area: string])[] = [
  ['STORAGE_', 'storage error'],
  ['LEASE_', 'storage error'],
  ['INDEX_', 'backup error'],
  ['DATA_', 'backup error'],
  ['VERIFY_', 'verification failed'],
  ['KAFKA_', 'kafka error'],
  ['PLUGIN_', 'plugin error'],
  ['CONFIG_', 'configuration error'],
]

type Row = readonly [name: string, text: string | undefined]

/**
 * The sentence for the person at three in the morning: a first line for `grep`, then what is known,
 * what to do, and the code.
 *
 * @param now the time to which ages refer, milliseconds since 1970
 */
export function describeError(error: KanneryError, now: number): string {
  const area = areas.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? 'error'
  const rows: readonly Row[] = [
    ...(leaseRows(error, now) ?? [
      ['where', placeOf(error)],
      ['why', error.why],
    ]),
    ['what now', whatToDo(error)],
    ['code', `${error.code} (exit ${error.exitStatus})`],
  ]
  const lines = rows.flatMap(([name, text]) =>
    text === undefined || text === '' ? [] : [`  ${name.padEnd(9)} ${indent(text)}`],
  )
  return [`${area}: ${error.message}`, ...lines].join('\n')
}

export function errorFields(error: KanneryError): ErrorFields {
  const { code, exitStatus, message, why, remedy, advice, facts } = error
  return { code, exitStatus, message, why, remedy, advice, facts }
}

/** The stack of an error and of its causes, for `--debug`. */
export function describeStack(error: KanneryError): string {
  const stacks: string[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    stacks.push(cause.stack ?? String(cause))
  }
  return stacks.join('\ncaused by: ')
}

/** Who holds a lease, and until when, by the storage's clock; undefined for every other error. */
function leaseRows({ code, facts }: KanneryError, now: number): readonly Row[] | undefined {
  const { topic, location, holder, since, orphanedAt } = facts
  if (code !== 'LEASE_HELD' || holder === undefined) return undefined
  const where = location === undefined ? '' : ` in ${location}`
  const until =
    orphanedAt === undefined
      ? undefined
      : `it counts as orphaned at ${shortTime(orphanedAt)} unless it renews its heartbeat, and is then taken over automatically`
  return [
    ['what', `topic "${topic}"${where} ${writtenBy(holder, since, now)}`],
    ['until', until],
  ]
}

function writtenBy(
  holder: NonNullable<ErrorFacts[string]>,
  since: ErrorFacts[string],
  now: number,
): string {
  if (since === undefined) return `is being written by ${holder}`
  const ago = now - Date.parse(String(since))
  const howLong = ago >= 0 ? ` (${formatDuration(ago)} ago)` : ''
  return `has been written by ${holder} since ${shortTime(since)}${howLong}`
}

/** ISO 8601 to the second. */
function shortTime(time: NonNullable<ErrorFacts[string]>): string {
  return String(time).replace(/\.\d+Z$/, 'Z')
}

/**
 * The object and bytes, or topic, partition and offset, that an error is about; what its message
 * already names is left out.
 */
function placeOf({ code, message, why, facts }: KanneryError): string | undefined {
  const said = `${message} ${why ?? ''}`
  const { key, from, to, topic, partition, offset } = facts
  if (key !== undefined && /^(DATA|INDEX)_|_(NOT_FOUND|DENIED|RANGE)$/.test(code)) {
    if (code === 'STORAGE_CONTAINER_NOT_FOUND') return undefined
    const bytes = from === undefined ? '' : `bytes ${from}..${to} of `
    return said.includes(`${key}`) && said.includes(`${from ?? ''}`) ? undefined : `${bytes}${key}`
  }
  if (partition === undefined) return undefined
  const words = [
    topic === undefined ? undefined : `topic "${topic}"`,
    `partition ${partition}`,
    offset === undefined ? undefined : `offset ${offset}`,
  ].filter((word) => word !== undefined && !said.includes(word))
  return words.length === 0 ? undefined : words.join(' ')
}

function indent(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(12)}`)
}

import { type ErrorCode, KanneryError } from '@kannery/storage'

/** An error as the documented JSON document of `-o json`. */
export interface ErrorDocument {
  readonly error: {
    readonly code: ErrorCode
    readonly exitStatus: number
    readonly message: string
    readonly why: string | undefined
    readonly remedy: string
    readonly facts: KanneryError['facts']
  }
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

/** Anything thrown, as one of our errors: what we did not foresee is INTERNAL. */
export function asKanneryError(thrown: unknown): KanneryError {
  if (KanneryError.is(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new KanneryError('INTERNAL', `unexpected error: ${message}`, { cause: thrown })
}

/** The sentence for the person at three in the morning: first line for `grep`, then why, what now, and the code. */
export function describeError(error: KanneryError): string {
  const area = areas.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? 'error'
  const rows: (readonly [string, string | undefined])[] = [
    ['why', error.why],
    ['what now', error.remedy],
    ['code', `${error.code} (exit ${error.exitStatus})`],
  ]
  const lines = rows.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(9)} ${indent(text)}`]))
  return [`${area}: ${error.message}`, ...lines].join('\n')
}

export function errorDocument(error: KanneryError): ErrorDocument {
  const { code, exitStatus, message, why, remedy, facts } = error
  return { error: { code, exitStatus, message, why, remedy, facts } }
}

/** The stack of an error and of its causes, for `--debug`. */
export function describeStack(error: KanneryError): string {
  const stacks: string[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    stacks.push(cause.stack ?? String(cause))
  }
  return stacks.join('\ncaused by: ')
}

function indent(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(12)}`)
}

import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import type { JsonValue } from './model.ts'
import type { Fields } from './yaml-lines.ts'

/**
 * Loaded only when it is needed, which is rare: its 72 modules take a fifth of the start of a
 * command.
 */
const loadYaml = (): typeof Yaml => createRequire(import.meta.url)('yaml') as typeof Yaml

/** Reading YAML takes 400 or more bytes of memory for each byte. */
const maxYamlBytes = 1024 * 1024

/**
 * Reads a document that another program or a person wrote: any YAML 1.2 of up to 1 MiB. Aliases are
 * refused, because a few of them can stand for gigabytes.
 *
 * @throws SyntaxError
 */
export function readAnyYaml(bytes: Uint8Array): Fields {
  if (bytes.length > maxYamlBytes) {
    const why = `it has ${bytes.length} bytes; at most ${maxYamlBytes} are read`
    throw new SyntaxError(`a line is not as Kannery writes it, and as any other YAML ${why}`)
  }
  const value = parse(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError('it is not a YAML mapping')
  }
  return new Map(Object.entries(value as Readonly<Record<string, JsonValue>>))
}

function parse(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const options = { version: '1.2', intAsBigInt: true, logLevel: 'silent' } as const
    const document = loadYaml().parseDocument(text, options)
    const [problem] = document.errors
    if (problem !== undefined) throw problem
    return withoutBigIntegers(document.toJS({ maxAliasCount: 0 }))
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new SyntaxError(`it cannot be read as YAML: ${reason}`, { cause })
  }
}

function withoutBigIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') return exactNumber(value)
  if (Array.isArray(value)) return value.map(withoutBigIntegers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutBigIntegers(item)]),
  )
}

function exactNumber(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new RangeError(`the integer ${value} is beyond 2^53`)
}

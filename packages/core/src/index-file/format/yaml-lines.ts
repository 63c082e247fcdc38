import { parseBoundedJson } from '../../json/bounded-json.ts'
import type { JsonValue } from './model.ts'

/** The keys and values of a document, in its order. */
export type Fields = Map<string, JsonValue>

const newline = 0x0a
const hash = 0x23
const entryMark = Buffer.from('  - ')
const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/
const maxDepth = 32

/**
 * Encodes a field as `key: JSON`, or, where the value is a list of objects, as `key:` and a line `
 * - JSON` for each. JSON is YAML; characters that some YAML readers read differently are escaped.
 */
export function encodeField(key: string, value: JsonValue): string {
  const name = plainKey.test(key) ? key : encodeValue(key)
  if (!isListOfObjects(value)) return `${name}: ${encodeValue(value)}\n`
  return `${name}:\n${value.map(encodeEntry).join('')}`
}

/** Encodes one entry of a list, with its line end. */
export function encodeEntry(value: JsonValue): string {
  return `  - ${encodeValue(value)}\n`
}

/**
 * Reads the three kinds of lines that {@link encodeField} writes, besides comments and empty lines.
 *
 * @returns undefined for any other text, YAML or not
 */
export function readLines(bytes: Uint8Array): Fields | undefined {
  const fields: Fields = new Map()
  let list: JsonValue[] | undefined
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start)
    if (end < 0) return undefined
    const line = bytes.subarray(start, end)
    start = end + 1
    if (line.length === 0 || line[0] === hash) continue
    try {
      if (startsWith(line, entryMark)) {
        if (list === undefined) return undefined
        list.push(readValue(line.subarray(entryMark.length)))
        continue
      }
      const [key, value] = readField(line) ?? []
      if (key === undefined || fields.has(key)) return undefined
      list = value === undefined ? [] : undefined
      fields.set(key, value ?? list ?? null)
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      throw error
    }
  }
  return fields
}

/** Returns a field, without a value for a line that opens a list; undefined for any other line. */
function readField(line: Uint8Array): readonly [key: string, value?: JsonValue] | undefined {
  const colon = line.indexOf(0x3a)
  const key = Buffer.from(line.subarray(0, Math.max(0, colon))).toString('latin1')
  if (!plainKey.test(key)) return undefined
  if (colon === line.length - 1) return [key]
  if (line[colon + 1] !== 0x20) return undefined
  return [key, readValue(line.subarray(colon + 2))]
}

/** Lists and objects cost memory by the dozen of bytes, but none of ours is shorter than four. */
function readValue(json: Uint8Array): JsonValue {
  const limits = { depth: maxDepth, containers: 64 + json.length / 4, commas: json.length }
  return parseBoundedJson(json, limits) as JsonValue
}

function encodeValue(value: JsonValue): string {
  // YAML allows none of these unescaped, or takes them for line ends.
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function isListOfObjects(value: JsonValue): value is readonly JsonValue[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
  )
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte)
}

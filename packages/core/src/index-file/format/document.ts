import { KanneryError } from '@kannery/storage'
import { crc32c } from '../../digest/crc32c.ts'
import { formatDigest, parseDigest } from '../../digest/digest.ts'
import { readAnyYaml } from './any-yaml.ts'
import {
  corruptDocument,
  type DocumentPlace,
  foreignDocument,
  unsupportedDocument,
} from './errors.ts'
import { type JsonValue, maxIndexBytes } from './model.ts'
import { encodeField, type Fields, readLines } from './yaml-lines.ts'

/** A truncated or damaged document still begins with this; a foreign one does not. */
const signature = '# Kannery index'

const firstLine = {
  index: `${signature}. One entry a line. If it is lost: kannery index rebuild\n`,
  page: `${signature} page. Older entries, moved out of the index\n`,
}
const endLine = /^end: "(crc32c:[0-9a-f]{8})"\n$/
const endLineBytes = 'end: "crc32c:00000000"\n'.length

/**
 * Encodes a document, which ends in a checksum of all before it, because most truncations of YAML
 * are valid YAML.
 *
 * @throws INTERNAL for a document that is larger than readers accept
 */
export function encodeDocument(
  kind: DocumentPlace['kind'],
  fields: Iterable<readonly [string, JsonValue]>,
): Uint8Array {
  let text = firstLine[kind]
  for (const [key, value] of fields) text += encodeField(key, value)
  const body = Buffer.from(text)
  const bytes = body.length + endLineBytes
  if (bytes > maxIndexBytes) throw tooLong(kind, bytes)
  return Buffer.concat([body, Buffer.from(`end: "${formatDigest(crc32c(body))}"\n`)])
}

function tooLong(kind: DocumentPlace['kind'], bytes: number): KanneryError {
  const message = `this ${kind} of ${bytes} bytes is not written: no more than ${maxIndexBytes} can be read`
  return new KanneryError('INTERNAL', message)
}

/**
 * Checks a document and returns its fields.
 *
 * @throws INDEX_FOREIGN for a document that Kannery did not write; DATA_CORRUPT;
 *   DATA_VERSION_UNSUPPORTED for another format
 */
export function readDocument(bytes: Uint8Array, place: DocumentPlace): Fields {
  if (!isOurs(bytes)) throw foreignDocument(place, 'Kannery did not write it')
  if (bytes.length > maxIndexBytes) {
    const why = `it has ${bytes.length} bytes; no more than ${maxIndexBytes} can be`
    throw corruptDocument(place, { from: maxIndexBytes, to: bytes.length, why })
  }
  const body = checkedBody(bytes, place)
  try {
    const fields = readLines(body) ?? readAnyYaml(body)
    if (fields.get('format') !== 1) throw unknownFormat(fields.get('format'), place)
    return fields
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const damage = { from: 0, to: body.length, why: error.message }
    throw corruptDocument(place, damage, error)
  }
}

/** Checks the checksum, and returns the bytes before the line that contains it. */
function checkedBody(bytes: Uint8Array, place: DocumentPlace): Uint8Array {
  const body = bytes.subarray(0, Math.max(0, bytes.length - endLineBytes))
  const end = Buffer.from(bytes.subarray(body.length)).toString('latin1')
  const expected = parseDigest(endLine.exec(end)?.[1] ?? '')
  if (expected === undefined) {
    // A later format may end in something else.
    const format = formatLine(bytes)
    if (format !== undefined && format !== 1) throw unknownFormat(format, place)
    const why = 'the checksum at its end is missing: it was cut, or edited'
    throw corruptDocument(place, { from: body.length, to: bytes.length, why })
  }
  if (crc32c(body) !== expected) {
    throw corruptDocument(place, { from: 0, to: bytes.length, why: 'its checksum is wrong' })
  }
  return body
}

function isOurs(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, signature.length)).toString('latin1')
  if (signature.startsWith(start)) return true
  return formatLine(bytes) !== undefined && /^(topic|epoch): /m.test(headOf(bytes))
}

function formatLine(bytes: Uint8Array): number | undefined {
  const format = /^format: ([0-9]{1,9})$/m.exec(headOf(bytes))?.[1]
  return format === undefined ? undefined : Number(format)
}

function headOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 4096)).toString('latin1')
}

function unknownFormat(format: JsonValue | undefined, place: DocumentPlace): Error {
  return unsupportedDocument(place, `its format is ${JSON.stringify(format)}, known is 1`)
}

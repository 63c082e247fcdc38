type Field = readonly [bytes: number, meaning: string]

const chunkHeader: readonly Field[] = [
  [4, '"CHNK"'],
  [1, 'version 1'],
  [1, 'kind 0: batches'],
  [1, 'codec 0: none'],
  [1, 'flags: none'],
  [4, 'partition 0'],
  [4, 'leader epoch 5'],
  [8, 'from 0'],
  [8, 'next 1'],
  [8, 'fetched at'],
  [4, 'batches: 1'],
  [4, 'records: 1'],
  [4, 'raw length'],
  [4, 'stored length'],
  [4, 'CRC-32C of the raw bytes'],
  [4, 'CRC-32C of the stored bytes: the same, nothing is compressed'],
  [4, 'CRC-32C of the 64 bytes before'],
]

/** The hexadecimal dump of the smallest golden segment that `docs/format/segment.md` shows. */
export function annotateSegment(segment: Uint8Array): string {
  const bytes = Buffer.from(segment)
  const headerLength = bytes.readUInt32BE(8)
  const storedLength = bytes.readUInt32BE(16 + headerLength + 52)
  const footerLength = bytes.readUInt32BE(bytes.length - 16)
  const fields: readonly Field[] = [
    [8, 'magic'],
    [4, `header: ${headerLength} bytes of JSON follow`],
    [headerLength, 'JSON'],
    [4, 'CRC-32C of the length and the JSON'],
    ...chunkHeader,
    [storedLength, 'one RecordBatch v2, as the broker served it'],
    [footerLength, 'JSON'],
    [4, `footer: ${footerLength} bytes of JSON came before`],
    [4, 'CRC-32C of the JSON and the length'],
    [8, 'magic'],
  ]
  let position = 0
  let text = ''
  for (const [length, meaning] of fields) {
    const field = bytes.subarray(position, position + length)
    text += meaning === 'JSON' ? jsonLines(field, position) : hexLines(field, position, meaning)
    position += length
  }
  if (position !== bytes.length) throw new Error(`${bytes.length - position} bytes without meaning`)
  return text
}

function address(position: number): string {
  return position.toString(16).padStart(4, '0')
}

function hexLines(bytes: Buffer, position: number, meaning: string): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 16) {
    const hex = bytes
      .subarray(start, start + 16)
      .toString('hex')
      .replaceAll(/(..)(?=.)/g, '$1 ')
    text +=
      `${address(position + start)}  ${hex.padEnd(47)}  ${start === 0 ? meaning : ''}`.trimEnd()
    text += '\n'
  }
  return text
}

function jsonLines(bytes: Buffer, position: number): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 64) {
    text += `${address(position + start)}  ${bytes.toString('latin1', start, start + 64)}\n`
  }
  return text
}

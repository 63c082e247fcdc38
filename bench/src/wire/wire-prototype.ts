import { type FileHandle, open } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { crc32c } from '@node-rs/crc32'
import { Connection } from './connection.ts'
import { decodeFetch, encodeFetch, nextOffset, type Position, wholeBatches } from './fetch.ts'

/*
 * The least that reads a topic over the wire and keeps it: the batches of all partitions, each with
 * its CRC checked, one after the other into a file. The next request is sent as soon as the headers
 * say where it must begin, before the answer is checked and written. One connection; nothing is
 * made durable, and nothing could be restored from it.
 */

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    partitions: { type: 'string', default: '1' },
    to: { type: 'string', default: '' },
  },
})
const bounds = { partitionBytes: 1 << 20, answerBytes: 50 << 20 }
/** Until the first answer says where a partition ends. */
const end = Number.POSITIVE_INFINITY
const positions = Array.from(
  { length: Number(values.partitions) },
  (_, partition): Position => ({ partition, offset: 0, end }),
)

const arrivals: ((answer: Buffer) => void)[] = []
const connection = await Connection.open(values.from, (answer) => arrivals.shift()?.(answer))
await using file = await open(values.to, 'w')
let written: Promise<void> = Promise.resolve()
for (let next = ask(); next !== undefined; ) {
  const batches = advance(await next)
  // The other slab is free again.
  await written
  next = ask()
  for (const batch of batches) check(batch)
  written = write(file, batches)
}
await written
connection.close()

/** Sends the next request; undefined when every partition was read to its end. */
function ask(): Promise<Buffer> | undefined {
  const open = positions.filter(({ offset, end }) => offset < end)
  if (open.length === 0) return undefined
  const arrival = new Promise<Buffer>((resolve) => arrivals.push(resolve))
  connection.send(encodeFetch(values.topic, open, bounds))
  return arrival
}

/** The batches of an answer; the positions are after them. */
function advance(answer: Buffer): Buffer[] {
  const batches: Buffer[] = []
  for (const { partition, end, bytes } of decodeFetch(answer)) {
    const position = positions[partition]
    if (position === undefined) throw new Error(`partition ${partition} was not asked for`)
    position.end = end
    for (const batch of wholeBatches(bytes)) {
      position.offset = nextOffset(batch)
      batches.push(batch)
    }
  }
  return batches
}

function check(batch: Buffer): void {
  if (crc32c(batch.subarray(21)) !== batch.readUInt32BE(17)) throw new Error('a CRC is wrong')
}

/** Batches that lie side by side are written as one piece. */
async function write(target: FileHandle, batches: readonly Buffer[]): Promise<void> {
  const pieces: Buffer[] = []
  for (const batch of batches) {
    const last = pieces.at(-1)
    if (last !== undefined && last.byteOffset + last.length === batch.byteOffset) {
      const length = last.length + batch.length
      pieces[pieces.length - 1] = Buffer.from(batch.buffer, last.byteOffset, length)
    } else {
      pieces.push(batch)
    }
  }
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const { bytesWritten } = await target.writev(pieces)
  if (bytesWritten !== bytes) throw new Error(`${bytesWritten} of ${bytes} bytes were written`)
}

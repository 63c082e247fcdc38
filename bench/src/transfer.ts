import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { plugin } from '@kannery/backend-s3'
import { objectKey } from '@kannery/storage'

/*
 * Puts one object of S3, or gets it, by Kannery's backend or by what the SDK offers for that. A process of its own, so that its
 * time and memory can be told. Credentials come from the environment.
 */

const { values } = parseArgs({
  options: {
    by: { type: 'string', default: '' },
    direction: { type: 'string', default: '' },
    endpoint: { type: 'string', default: '' },
    bucket: { type: 'string', default: '' },
    bytes: { type: 'string', default: '0' },
  },
})
const { endpoint, bucket } = values
const bytes = Number(values.bytes)
const region = 'us-east-1'
const key = objectKey('transfer')
const pieceBytes = 4 * 1024 * 1024

const transfers: Readonly<Record<string, () => Promise<number>>> = {
  'put by kannery': putByKannery,
  'get by kannery': getByKannery,
  'put by sdk': putBySdk,
  'get by sdk': getBySdk,
}
const done = await transfers[`${values.direction} by ${values.by}`]?.()
if (done !== bytes) throw new Error(`${done} of ${bytes} bytes were transferred`)

/** As a segment is written: piece by piece, from memory. */
function* pieces(): Generator<Buffer> {
  const piece = Buffer.alloc(pieceBytes, 'a record of some length, over and over again; ')
  for (let left = bytes; left > 0; left -= pieceBytes) {
    yield piece.subarray(0, Math.min(left, pieceBytes))
  }
}

function openBackend() {
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
  const clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds)),
  }
  const context = { clock, random, access: 'write', userAgent: 'kannery-bench' } as const
  return plugin.open({ bucket, region, endpoint }, context)
}

async function putByKannery(): Promise<number> {
  await using storage = await openBackend()
  await using writer = await storage.openWriter(key, { condition: { kind: 'overwrite' } })
  for (const piece of pieces()) await writer.write(piece)
  return (await writer.commit()).size
}

async function getByKannery(): Promise<number> {
  await using storage = await openBackend()
  await using object = await storage.get(key)
  return await countBytes(object.body)
}

async function putBySdk(): Promise<number> {
  const client = new S3Client({ region, endpoint, forcePathStyle: true })
  await new Upload({
    client,
    params: { Bucket: bucket, Key: key, Body: Readable.from(pieces()) },
  }).done()
  return bytes
}

async function getBySdk(): Promise<number> {
  const client = new S3Client({ region, endpoint, forcePathStyle: true })
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return await countBytes(Body as Readable)
}

async function countBytes(body: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0
  for await (const piece of body) count += piece.byteLength
  return count
}

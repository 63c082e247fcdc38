import { parseArgs } from 'node:util'
import { objectKey } from '@kannery/storage'
import type { Peer, TransferTarget } from './peer.ts'

/*
 * Puts objects of one size, or gets them, by Kannery's backend or by what the provider's SDK offers
 * for that. A process of its own, so that its time and memory can be measured, which loads the one
 * SDK that it needs. The target comes in the environment: it has a secret.
 */

const { values } = parseArgs({
  options: {
    storage: { type: 'string', default: '' },
    by: { type: 'string', default: '' },
    direction: { type: 'string', default: '' },
    objects: { type: 'string', default: '1' },
    bytes: { type: 'string', default: '0' },
  },
})
const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  s3: async () => (await import('./s3.ts')).s3,
  gcs: async () => (await import('./gcs.ts')).gcs,
  azure: async () => (await import('./azure.ts')).azure,
}
/** Of each object. */
const bytes = Number(values.bytes)
const keys = Array.from({ length: Number(values.objects) }, (_, n) => objectKey(`object-${n}`))
const { TRANSFER_TARGET = '{}' } = process.env
const target = JSON.parse(TRANSFER_TARGET) as TransferTarget
const pieceBytes = 4 * 1024 * 1024

const peer = await peers[values.storage]?.()
if (peer === undefined) throw new Error(`no storage "${values.storage}"`)
const transfers: Readonly<Record<string, (peer: Peer) => Promise<void>>> = {
  'put by kannery': putByKannery,
  'get by kannery': getByKannery,
  'put by sdk': putBySdk,
  'put by sdk-in-parts': putInPartsBySdk,
  'get by sdk': getBySdk,
}
const transfer = transfers[`${values.direction} by ${values.by}`]
if (transfer === undefined) throw new Error(`no ${values.direction} by ${values.by}`)
await transfer(peer)

/** As a segment is written: piece by piece, from memory. */
function* pieces(): Generator<Buffer> {
  const piece = Buffer.alloc(pieceBytes, 'a record of some length, over and over again; ')
  for (let left = bytes; left > 0; left -= pieceBytes) {
    yield piece.subarray(0, Math.min(left, pieceBytes))
  }
}

async function putByKannery(peer: Peer): Promise<void> {
  await using storage = await peer.openBackend(target)
  for (const key of keys) {
    await using writer = await storage.openWriter(key, { condition: { kind: 'overwrite' } })
    for (const piece of pieces()) await writer.write(piece)
    assertWhole((await writer.commit()).size)
  }
}

async function getByKannery(peer: Peer): Promise<void> {
  await using storage = await peer.openBackend(target)
  for (const key of keys) {
    await using object = await storage.get(key)
    assertWhole(await countBytes(object.body))
  }
}

async function putBySdk(peer: Peer): Promise<void> {
  for (const key of keys) await peer.putBySdk(target, key, pieces())
}

async function putInPartsBySdk(peer: Peer): Promise<void> {
  if (peer.putInPartsBySdk === undefined) throw new Error('it does so anyway')
  for (const key of keys) await peer.putInPartsBySdk(target, key, pieces())
}

async function getBySdk(peer: Peer): Promise<void> {
  for (const key of keys) assertWhole(await countBytes(await peer.getBySdk(target, key)))
}

async function countBytes(body: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0
  for await (const piece of body) count += piece.byteLength
  return count
}

function assertWhole(transferred: number): void {
  if (transferred !== bytes) throw new Error(`${transferred} of ${bytes} bytes were transferred`)
}

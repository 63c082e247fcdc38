import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { TransferTarget } from './peer.ts'
import { s3 } from './s3.ts'

/*
 * Uploads the bytes of files, one after the other, as objects of one size, by what the SDK has for
 * large objects. The target comes in the environment: it has a secret.
 */

const { values, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: { 'object-bytes': { type: 'string', default: '0' } },
})
const objectBytes = Number(values['object-bytes'])
const { TRANSFER_TARGET = '{}' } = process.env
const target = JSON.parse(TRANSFER_TARGET) as TransferTarget

const readBytes = 1024 * 1024

for (const [number, path] of paths.entries()) {
  const { size } = await stat(path)
  for (let start = 0; start < size; start += objectBytes) {
    const end = Math.min(start + objectBytes, size) - 1
    const file = createReadStream(path, { start, end, highWaterMark: readBytes })
    await s3.putBySdk(target, `${number}/${start}`, file)
  }
}

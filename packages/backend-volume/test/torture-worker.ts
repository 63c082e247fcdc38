// One of the eight processes of torture.test.ts: it does as much harm as it can until it is killed.

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { VolumeBackend } from '../src/index.ts'
import { type Counter, counterKey, heldName, lockKey, readText } from './torture-model.ts'

const [root = '', worker = '', life = ''] = process.argv.slice(2)
const acknowledgements = fs.openSync(join(root, '..', `acknowledged-${worker}`), 'a')
const violations = join(root, '..', 'violations')
const held = join(root, '..', heldName)

// Not that of the testkit: this process is killed again and again, and has to start quickly.
const environment = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: async (milliseconds: number) => delay(milliseconds),
  },
  random: { bytes: (length: number) => randomBytes(length) },
}
const backend = await VolumeBackend.open({ path: root }, environment)
for (;;) {
  await increment()
  await holdTheLock()
}

/**
 * Whether it was stored. Losing is normal here; any other error ends this process, and so the test.
 */
async function wins(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await change()
    return true
  } catch (error) {
    if (
      KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED') ||
      KanneryError.is(error, 'STORAGE_ALREADY_EXISTS')
    ) {
      return false
    }
    throw error
  }
}

async function increment(): Promise<void> {
  const found = await readText(backend, counterKey)
  const counter: Counter = found === undefined ? { n: 0, by: {} } : JSON.parse(found.text)
  const mine = (counter.by[worker] ?? 0) + 1
  const next: Counter = { n: counter.n + 1, by: { ...counter.by, [worker]: mine } }
  const body = Buffer.from(JSON.stringify(next))
  const condition =
    found === undefined
      ? ({ kind: 'if-absent' } as const)
      : ({ kind: 'if-version', version: found.version } as const)
  const streamed = counter.n % 5 === 4
  const stored = await wins(async () => {
    if (!streamed) return await backend.put(counterKey, body, { condition })
    await using writer = await backend.openWriter(counterKey, { condition })
    await writer.write(body)
    return await writer.commit()
  })
  if (stored) fs.writeSync(acknowledgements, `${mine}\n`)
}

/** While this process holds the lock, no other one may get it. */
async function holdTheLock(): Promise<void> {
  const me = `${worker} ${life}`
  const body = Buffer.from(me)
  let version: string | undefined
  const created = await wins(async () => {
    const stored = await backend.put(lockKey, body, { condition: { kind: 'if-absent' } })
    version = stored.version
  })
  if (!created) return
  try {
    fs.mkdirSync(held)
  } catch {
    fs.appendFileSync(violations, `${me}: created the lock while another one held it\n`)
  }
  fs.rmdirSync(held)
  const options = { ifVersion: version } as NonNullable<Parameters<StorageBackend['delete']>[1]>
  if (!(await wins(() => backend.delete(lockKey, options)))) {
    fs.appendFileSync(violations, `${me}: the lock changed while it was held\n`)
  }
}

import { type ObjectKey, type OnProgress, objectKey, type StorageBackend } from '@kannery/storage'
import { PartWriter } from '@kannery/storage/backend'
import { decorate } from '@kannery/storage/client'
import { describe, expect, test } from 'vitest'
import { MemoryStorage, seededRandom, TestClock } from '../src/index.ts'
import { alter } from './alter.ts'

const mib = 1024 * 1024
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const stepMs = 100

interface Transfer {
  readonly bytes: number
  readonly onProgress: OnProgress
  sent: number
  done(): void
}

/** So many bits a second, which all transfers of the moment share. */
class Uplink {
  readonly #clock: TestClock
  readonly #bytesPerStep: number
  readonly #active = new Set<Transfer>()
  transferred = 0

  constructor(clock: TestClock, megabits: number) {
    this.#clock = clock
    this.#bytesPerStep = (megabits * 1e6 * stepMs) / 8 / 1000
    void this.#run()
  }

  async send(bytes: number, signal: AbortSignal | undefined, onProgress: OnProgress) {
    await new Promise<void>((resolve, reject) => {
      const transfer = { bytes, onProgress, sent: 0, done: resolve }
      this.#active.add(transfer)
      const leave = (): void => {
        this.#active.delete(transfer)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  async #run(): Promise<never> {
    for (;;) {
      await this.#clock.sleep(stepMs)
      const share = this.#bytesPerStep / Math.max(1, this.#active.size)
      for (const transfer of this.#active) {
        transfer.sent += share
        this.transferred += share
        transfer.onProgress(Math.min(transfer.sent, transfer.bytes))
        if (transfer.sent < transfer.bytes) continue
        this.#active.delete(transfer)
        transfer.done()
      }
    }
  }
}

const ignoreProgress: OnProgress = () => undefined

/** A store with parts as S3 has them, at the other end of an uplink. */
function storeBeyond(uplink: Uplink, clock: TestClock): StorageBackend {
  const memory = MemoryStorage.open({ clock })
  const store = alter(memory, {
    put: async (key, body, options) => {
      await uplink.send(body.byteLength, options.signal, options.onProgress ?? ignoreProgress)
      return await memory.put(key, body, options)
    },
    openWriter: async (key, options) =>
      new PartWriter(
        {
          sendPart: ({ body }, call) => uplink.send(body.byteLength, call.signal, call.onProgress),
          publishWhole: (body) => store.put(key, body, options),
          publishParts: () => memory.put(key, Buffer.from('whole'), options),
          abandon: async () => undefined,
        },
        {
          leastBytes: 5 * mib,
          unitBytes: mib,
          preferredBytes: 8 * mib,
          parallel: 4,
          ...options,
        },
      ),
  })
  return decorate(store, { clock, random: seededRandom(1) })
}

async function upload(storage: StorageBackend, key: ObjectKey, mebibytes: number): Promise<void> {
  await using writer = await storage.openWriter(key, { ...ifAbsent, maxBufferedBytes: 16 * mib })
  const chunk = Buffer.alloc(mib)
  for (let written = 0; written < mebibytes; written++) await writer.write(chunk)
  await writer.commit()
}

describe('a slow uplink', () => {
  test.each([
    [20, 2],
    [10, 2],
    [4, 2],
    [1, 2],
    [0.3, 1],
  ])(
    'at %d Mbit/s stores %i segments of 64 MiB, and sends each byte once',
    async (mbit, count) => {
      const clock = new TestClock()
      const uplink = new Uplink(clock, mbit)
      const storage = storeBeyond(uplink, clock)
      const keys = Array.from({ length: count }, (_, n) => objectKey(`orders/${n}`))

      await clock.passUntil(Promise.all(keys.map((key) => upload(storage, key, 64))))

      expect(uplink.transferred).toBeLessThan(count * 65 * mib)
    },
    60_000,
  )

  test('stores a small segment and a put of 16 MiB, too', async () => {
    const clock = new TestClock()
    const uplink = new Uplink(clock, 0.5)
    const storage = storeBeyond(uplink, clock)
    const work = [
      upload(storage, objectKey('orders/small'), 4),
      storage.put(objectKey('orders/index'), Buffer.alloc(16 * mib), ifAbsent),
    ]

    await clock.passUntil(Promise.all(work))

    expect(uplink.transferred).toBeLessThan(21 * mib)
  })
})

/** Takes each put as `take` says. */
function storeThat(clock: TestClock, take: (onProgress: OnProgress) => Promise<void>) {
  const memory = MemoryStorage.open({ clock })
  let sent = 0
  const store = alter(memory, {
    put: async (_key, _body, { onProgress = ignoreProgress, signal }) => {
      sent++
      await take(onProgress)
      return await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
  })
  const storage = decorate(store, { clock, random: seededRandom(1) })
  const put = storage.put(objectKey('orders/index'), Buffer.alloc(8 * mib), ifAbsent)
  return { put, sent: () => sent }
}

describe('a request whose answer does not come', () => {
  test('is given up after 25 s although its body left at once, and sent again for a minute', async () => {
    const clock = new TestClock()
    const { put, sent } = storeThat(clock, async (onProgress) => onProgress(8 * mib))

    await expect(clock.passUntil(put)).rejects.toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
    expect(sent()).toBeLessThan(6)
    expect(clock.monotonic()).toBeLessThan(120_000)
  })

  test('is waited for as long as its body took: a slow connection still holds what has left', async () => {
    const clock = new TestClock()
    const { put } = storeThat(clock, async (onProgress) => {
      for (let second = 1; second <= 100; second++) {
        await clock.sleep(1000)
        onProgress(second)
      }
    })
    const outcome = put.catch((error) => error)
    await clock.pass(195_000)
    let isOver = false
    void outcome.then(() => {
      isOver = true
    })
    await clock.pass(1)

    expect(isOver).toBe(false)
    expect(await clock.passUntil(outcome)).toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
  })

  test('is given up after 25 s when it stands still in the middle of its body', async () => {
    const clock = new TestClock()
    const { put, sent } = storeThat(clock, async (onProgress) => {
      await clock.sleep(1000)
      onProgress(mib)
    })
    const outcome = put.catch((error) => error)
    await clock.pass(30_000)

    expect(sent()).toBe(2)
    expect(await clock.passUntil(outcome)).toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
  })
})

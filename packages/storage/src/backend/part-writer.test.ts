import { describe, expect, test } from 'vitest'
import type { ObjectVersion, StoredObject } from '../backend.ts'
import { objectKey } from '../object-key.ts'
import {
  type Part,
  type PartCall,
  type PartTarget,
  PartWriter,
  type PartWriterOptions,
  planParts,
} from './part-writer.ts'

const mib = 1024 * 1024
const sizes = { leastBytes: 5, unitBytes: 1, preferredBytes: 8, parallel: 3 }
const stored: StoredObject = {
  key: objectKey('k'),
  size: 0,
  version: 'v' as ObjectVersion,
  lastModified: new Date(0),
}

/** A store that finishes a part only when the test says so. */
class HeldTarget implements PartTarget {
  readonly log: string[] = []
  readonly held = new Map<number, { finish(): void; fail(error: Error): void }>()
  mostHeld = 0

  sendPart(part: Part, _call: PartCall): Promise<void> {
    const text = Buffer.from(part.body).toString()
    return new Promise((resolve, reject) => {
      const settle = (say: string, then: () => void): void => {
        // The buffer must still hold what it held when it was sent.
        expect(Buffer.from(part.body).toString()).toBe(text)
        this.log.push(say)
        this.held.delete(part.index)
        then()
      }
      this.held.set(part.index, {
        finish: () =>
          settle(`${part.index}@${part.offset} ${text}${part.isLast ? ' last' : ''}`, resolve),
        fail: (error) => settle(`${part.index} failed`, () => reject(error)),
      })
      this.mostHeld = Math.max(this.mostHeld, this.held.size)
    })
  }

  async publishWhole(body: Uint8Array): Promise<StoredObject> {
    this.log.push(`whole ${Buffer.from(body).toString()}`)
    return stored
  }

  async publishParts(): Promise<StoredObject> {
    this.log.push('published')
    return stored
  }

  async abandon(): Promise<void> {
    this.log.push('abandoned')
  }
}

const ignored = (): void => undefined

function writerTo(target: PartTarget, options: Partial<PartWriterOptions> = {}): PartWriter {
  return new PartWriter(target, { ...sizes, ...options })
}

/** Finishes whatever is on its way until `work` is done. */
async function letAllFinish<T>(target: HeldTarget, work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => {
    done = true
  })
  watched.catch(() => undefined)
  while (!done) {
    for (const part of target.held.values()) part.finish()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return await watched
}

describe('a writer of parts', () => {
  test('an object of one part is published by a single request', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target)

    await writer.write(Buffer.from('1234'))
    await writer.write(Buffer.from('5678'))
    await writer.commit()

    expect(target.log).toEqual(['whole 12345678'])
  })

  test('an empty object is published too', async () => {
    const target = new HeldTarget()

    await writerTo(target).commit()

    expect(target.log).toEqual(['whole '])
  })

  test('a chunk may be reused as soon as it is written', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target)
    const chunk = Buffer.from('aaaaa')

    await writer.write(chunk)
    chunk.fill('b')
    await writer.write(chunk)
    chunk.fill('c')
    await letAllFinish(target, writer.commit())

    expect(target.log).toEqual(['0@0 aaaaabbb', '1@8 bb last', 'published'])
  })

  test('parts are sent at the same time, but never more than the memory allows', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target, { maxBufferedBytes: 24 })

    const writing = writer.write(Buffer.from('x'.repeat(100)))
    await letAllFinish(target, writing)
    await letAllFinish(target, writer.commit())

    expect(target.mostHeld).toBe(3)
    expect(target.log.filter((line) => line.includes('@'))).toHaveLength(17)
  })

  test('a write waits until there is room for more', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target, { maxBufferedBytes: 10, parallel: 1 })
    let written = false

    await writer.write(Buffer.from('1234512345'))
    const writing = writer.write(Buffer.from('6')).then(() => {
      written = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(written).toBe(false)
    target.held.get(0)?.finish()
    await writing

    expect(target.log).toEqual(['0@0 12345'])
  })

  test('a failed part rejects the next write, and nothing is published', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target)
    await writer.write(Buffer.from('123456789'))
    target.held.get(0)?.fail(new Error('no'))
    await new Promise((resolve) => setImmediate(resolve))

    await expect(writer.write(Buffer.from('x'))).rejects.toThrow('no')
    await expect(writer.commit()).rejects.toThrow('no')
    await writer[Symbol.asyncDispose]()

    expect(target.log).toEqual(['0 failed', 'abandoned'])
  })

  test('a part that fails after the last one was written rejects the commit', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target)
    await writer.write(Buffer.from('123456789'))
    const committing = writer.commit()
    await new Promise((resolve) => setImmediate(resolve))
    target.held.get(1)?.finish()
    target.held.get(0)?.fail(new Error('no'))

    await expect(committing).rejects.toThrow('no')
    expect(target.log).toEqual(['1@8 9 last', '0 failed', 'abandoned'])
  })

  test('without a commit the parts are deleted, once no request is in flight', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target)
    await writer.write(Buffer.from('123456789'))

    const disposing = writer[Symbol.asyncDispose]()
    await new Promise((resolve) => setImmediate(resolve))
    expect(target.log).toEqual([])
    target.held.get(0)?.finish()
    await disposing
    await writer[Symbol.asyncDispose]()

    expect(target.log).toEqual(['0@0 12345678', 'abandoned'])
  })

  test('an aborted signal rejects with its own reason', async () => {
    const controller = new AbortController()
    const writer = writerTo(new HeldTarget(), { signal: controller.signal })
    controller.abort(new Error('enough'))

    await expect(writer.write(Buffer.from('x'))).rejects.toThrow('enough')
    await expect(writer.commit()).rejects.toThrow('enough')
  })

  test('parts are sent by the function sendPart of the options', async () => {
    const target = new HeldTarget()
    const sent: number[] = []
    const writer = writerTo(target, {
      sendPart: (bytes, send) => {
        sent.push(bytes)
        return send(ignored)
      },
    })
    await writer.write(Buffer.from('123456789'))
    await letAllFinish(target, writer.commit())

    expect(sent).toEqual([8, 1])
  })

  test('an attempt that was given up is stopped before its part is sent again', async () => {
    const log: string[] = []
    const target = new HeldTarget()
    target.sendPart = async (part: Part, { signal }: PartCall) => {
      log.push(`${part.index} begins`)
      if (log.length === 1) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        log.push(`${part.index} stopped`)
        throw signal.reason
      }
    }
    const writer = writerTo(target, {
      sendPart: async (_bytes, send) => {
        await Promise.race([send(ignored).catch(() => undefined), Promise.resolve()])
        return await send(ignored)
      },
    })
    await writer.write(Buffer.from('123456789'))
    await writer.commit()

    expect(log).toEqual(['0 begins', '0 stopped', '0 begins', '1 begins'])
  })

  test('a part that arrives after its attempt was given up is not sent again', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target, {
      sendPart: async (_bytes, send) => {
        const givenUp = send(ignored)
        target.held.get(0)?.finish()
        await givenUp
        return await send(ignored)
      },
    })
    await writer.write(Buffer.from('123456789'))
    await letAllFinish(target, writer.commit())

    expect(target.log.filter((line) => line.startsWith('0'))).toEqual(['0@0 12345678'])
  })

  test('less memory than the least part is an error when a second part is needed', async () => {
    const target = new HeldTarget()
    const writer = writerTo(target, { maxBufferedBytes: 4 })
    await writer.write(Buffer.from('1234'))

    await expect(writer.write(Buffer.from('5'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await writer[Symbol.asyncDispose]()
  })

  test.each([
    { bound: undefined, partBytes: 8 * mib, buffers: 5 },
    { bound: 1024 * mib, partBytes: 8 * mib, buffers: 5 },
    { bound: 32 * mib, partBytes: 6 * mib, buffers: 5 },
    { bound: 16 * mib, partBytes: 5 * mib, buffers: 3 },
    { bound: 9 * mib, partBytes: 5 * mib, buffers: 1 },
    { bound: 3 * mib, partBytes: 3 * mib, buffers: 1 },
  ])(
    '$bound bytes of memory make $buffers parts of $partBytes',
    ({ bound, partBytes, buffers }) => {
      const s3 = { leastBytes: 5 * mib, unitBytes: mib, preferredBytes: 8 * mib, parallel: 4 }

      expect(planParts(s3, bound)).toEqual({ partBytes, buffers })
    },
  )
})

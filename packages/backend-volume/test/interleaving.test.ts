import fs from 'node:fs/promises'
import { join } from 'node:path'
import { isConflict, type ObjectVersion, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, scratchFolder } from './fixtures.ts'
import { watchedFiles } from './watched-files.ts'

const key = objectKey('topic/index')

/** What one process does to the object whose version both have read. */
type Change = (storage: VolumeBackend, body: Uint8Array, seen: ObjectVersion) => Promise<unknown>

const changes: Readonly<Record<string, Change>> = {
  create: (storage, body) => storage.put(key, body, { condition: { kind: 'if-absent' } }),
  replace: (storage, body, version) =>
    storage.put(key, body, { condition: { kind: 'if-version', version } }),
  stream: async (storage, body, version) => {
    await using writer = await storage.openWriter(key, {
      condition: { kind: 'if-version', version },
    })
    await writer.write(body)
    return await writer.commit()
  },
  delete: (storage, _body, ifVersion) => storage.delete(key, { ifVersion }),
}

let folder: Awaited<ReturnType<typeof scratchFolder>>
beforeAll(async () => {
  folder = await scratchFolder('tmpfs')
})
afterAll(async () => {
  await folder[Symbol.asyncDispose]()
})

/** A process that can be stopped before any of its system calls, and later goes on. */
class StoppableProcess {
  readonly storage: Promise<VolumeBackend>
  calls = 0
  #stopBefore = Number.POSITIVE_INFINITY
  #stopped = Promise.withResolvers<void>()
  #resumed = Promise.withResolvers<void>()

  constructor(path: string) {
    const files = watchedFiles(async () => {
      if (this.calls++ !== this.#stopBefore) return
      this.#stopped.resolve()
      await this.#resumed.promise
    })
    const impatient = {
      ...environment,
      clock: { ...environment.clock, sleep: async () => undefined },
    }
    this.storage = VolumeBackend.open({ path }, impatient, files)
  }

  /** Makes folders and probes the disk, so that only the change itself is interleaved. */
  async prepare(): Promise<void> {
    await (await this.storage).put(objectKey('topic/other'), Buffer.from('x'), {
      condition: { kind: 'overwrite' },
    })
    this.calls = 0
  }

  /** Resolves when it is stopped, or has finished before that. */
  async runUntil(
    stopBefore: number,
    work: (storage: VolumeBackend) => Promise<unknown>,
  ): Promise<{ readonly won: Promise<boolean> }> {
    this.#stopBefore = stopBefore
    const won = work(await this.storage).then(
      () => true,
      (error) => {
        if (isConflict(error)) return false
        throw error
      },
    )
    await Promise.race([this.#stopped.promise, won])
    return { won }
  }

  resume(): void {
    this.#resumed.resolve()
  }
}

interface World {
  readonly path: string
  readonly processes: readonly [StoppableProcess, StoppableProcess]
  readonly seen: ObjectVersion
}

async function newWorld(exists: boolean): Promise<World> {
  const path = await fs.mkdtemp(join(folder.path, 'world-'))
  const first = new StoppableProcess(path)
  const second = new StoppableProcess(path)
  await first.prepare()
  await second.prepare()
  if (!exists) return { path, processes: [first, second], seen: 'none' as ObjectVersion }
  const storage = await first.storage
  const { version } = await storage.put(key, Buffer.from('old'), {
    condition: { kind: 'if-absent' },
  })
  first.calls = 0
  return { path, processes: [first, second], seen: version }
}

/** How many system calls `change` makes when no other process disturbs it. */
async function lengthOf(change: Change, exists: boolean): Promise<number> {
  const { processes, seen } = await newWorld(exists)
  await change(await processes[0].storage, Buffer.from('alone'), seen)
  return processes[0].calls
}

const pairs = [
  ['create', 'create'],
  ['replace', 'replace'],
  ['replace', 'delete'],
  ['delete', 'replace'],
  ['delete', 'delete'],
  ['stream', 'replace'],
] as const

describe.each(pairs)('two processes, one to %s and one to %s the same object', (one, other) => {
  test('let exactly one succeed, wherever each of them is stopped', {
    timeout: 120_000,
  }, async () => {
    const exists = one !== 'create'
    const [first, second] = [changes[one], changes[other]] as [Change, Change]
    const [firstLength, secondLength] = [
      await lengthOf(first, exists),
      await lengthOf(second, exists),
    ]
    expect(Math.min(firstLength, secondLength)).toBeGreaterThan(8)

    for (let firstStop = 0; firstStop <= firstLength; firstStop++) {
      // Every place for one of them, and a changing third of the places for the other.
      for (let secondStop = firstStop % 3; secondStop <= secondLength; secondStop += 3) {
        const world = await newWorld(exists)
        const [a, b] = world.processes
        const running = await a.runUntil(firstStop, (storage) =>
          first(storage, Buffer.from('first'), world.seen),
        )
        const meanwhile = await b.runUntil(secondStop, (storage) =>
          second(storage, Buffer.from('second'), world.seen),
        )
        a.resume()
        const wonByFirst = await running.won
        b.resume()
        const wonBySecond = await meanwhile.won

        const where = `stopped before calls ${firstStop} and ${secondStop}`
        const winner = wonByFirst ? one : other
        // Deleting what is gone is a success.
        const bothDeleted = one === 'delete' && other === 'delete'
        if (!bothDeleted) expect(wonByFirst !== wonBySecond, where).toBe(true)
        const found = await readObject(await b.storage, key)
        const content = found && Buffer.from(found.bytes).toString()
        const expected = winner === 'delete' ? undefined : wonByFirst ? 'first' : 'second'
        expect(content, where).toBe(expected)
        expect(await fs.readdir(join(world.path, 'topic', '.kannery')), where).toEqual([])
        await fs.rm(world.path, { recursive: true })
      }
    }
  })
})

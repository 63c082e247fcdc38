import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { copier, secondStorage, startSource } from '../../test/copy-fixtures.ts'
import { captured, cluster, days, incarnation, minutes, World } from '../../test/fixtures.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { readIndex } from '../index-file/read-index.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { BackupUse } from './backup-use.ts'
import { readHolds } from './holds.ts'
import { markExpired } from './prune.ts'
import { parseRetention } from './retention.ts'

/** A backup of two segments with a retention of 30 days, which a restore reads. */
class Read {
  readonly world = new World()
  readonly warnings: KanneryError[] = []

  static async backup(): Promise<Read> {
    const read = new Read()
    await using worker = await read.world.worker('a', { retention: parseRetention('30d') })
    await using session = await worker.acquire('orders', { cluster })
    await session.beginIncarnation(incarnation(1))
    for (let at = 0; at < 2; at++) await session.commit(captured(session, { 0: [at, at + 1] }))
    return read
  }

  options(name: string) {
    const { clock, random } = this.world
    const ids = new UlidSource({ clock, random: random.fork() })
    return { storage: this.world.storage(name), clock, ids }
  }

  async begin(): Promise<BackupUse> {
    const onWarning = (warning: KanneryError): void => {
      this.warnings.push(warning)
    }
    return await BackupUse.begin('orders', 'a restore', { ...this.options('reader'), onWarning })
  }

  async mark(): Promise<number> {
    return (await markExpired('orders', this.options('pruner'))).length
  }

  async delete(): Promise<number> {
    await using worker = await this.world.worker('pruner')
    await using session = await worker.acquire('orders', { cluster })
    return (await deletePruned(session, this.options('pruner'))).segments.length
  }

  async holds(): Promise<readonly unknown[]> {
    const stored = await readIndex(this.world.memory, 'orders')
    return stored === undefined ? [] : readHolds(stored.index).map(({ reason }) => reason)
  }
}

describe('the hold of a reader', () => {
  test('while a backup is read nothing of it is marked or deleted, however long that takes', async () => {
    const read = await Read.backup()
    await read.world.pass(days(30))
    const use = await read.begin()
    expect(await read.holds()).toEqual(['a restore'])
    for (let day = 0; day < 3; day++) {
      expect(await read.mark()).toBe(0)
      await read.world.pass(days(1))
    }

    await use[Symbol.asyncDispose]()
    expect(await read.holds()).toEqual([])
    expect(await read.mark()).toBe(2)
  })

  test('what was marked before a backup is read is not deleted while it is read', async () => {
    const read = await Read.backup()
    await read.world.pass(days(30))
    expect(await read.mark()).toBe(2)
    await using _use = await read.begin()
    await read.world.pass(days(2))
    expect(await read.delete()).toBe(0)
  })

  test('the hold of a reader that died ends by itself within an hour, and leaves the index with the next marks', async () => {
    const read = await Read.backup()
    await read.world.pass(days(30))
    await read.begin()
    read.world.crash('reader')
    await read.world.pass(minutes(59))
    expect(await read.mark()).toBe(0)
    await read.world.pass(minutes(2))
    expect(await read.mark()).toBe(2)
    expect(await read.holds()).toEqual([])
  })

  test('a reader without permission to write reads without a hold, and is not warned', async () => {
    const read = await Read.backup()
    read.world
      .way('reader')
      .faults.onCall(({ operation }) =>
        operation === 'put' || operation === 'delete' ? { kind: 'deny' } : undefined,
      )
    await using _use = await read.begin()
    expect(await read.holds()).toEqual([])
    expect(read.warnings).toEqual([])
  })

  test('a hold that cannot be put is a warning, and is tried again', async () => {
    const read = await Read.backup()
    const full = new KanneryError('STORAGE_FULL', 'no space left')
    read.world
      .way('reader')
      .faults.onCall(({ operation }) =>
        operation === 'put' ? { kind: 'fail', error: full } : undefined,
      )
    await using _use = await read.begin()
    expect(read.warnings.map(({ code }) => code)).toEqual(['STORAGE_FULL'])
    read.world.way('reader').faults.clear()
    await read.world.pass(minutes(2))
    expect(await read.holds()).toEqual(['a restore'])
  })

  test('the hold of a reader of a copy stays when the topic is copied again', async () => {
    const source = await startSource()
    const target = secondStorage(source)
    await source.grow(2)
    await copier(source, target).copy()
    const { clock, random } = source.world
    const ids = new UlidSource({ clock, random })
    const options = { storage: target, clock, ids, onWarning: () => undefined }
    const holds = async () => (await readIndex(target, 'orders'))?.index.holds
    {
      await using _use = await BackupUse.begin('orders', 'a restore', options)
      await source.grow(1)
      await copier(source, target).copy()
      expect(await holds()).toMatchObject([{ reason: 'a restore' }])
    }
    expect(await holds()).toEqual([])
  })
})

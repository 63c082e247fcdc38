import fs from 'node:fs/promises'
import { join } from 'node:path'
import { objectKey } from '@kannery/storage'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VolumeBackend, type VolumeConfig } from '../src/index.ts'
import { environment, ifAbsent, scratchFolder } from './fixtures.ts'

let folder: Awaited<ReturnType<typeof scratchFolder>>
let umask: number
beforeEach(async () => {
  folder = await scratchFolder('tmpfs')
  umask = process.umask(0o077)
})
afterEach(async () => {
  process.umask(umask)
  await folder[Symbol.asyncDispose]()
})

/** The modes of all that a backup makes, and the group of each. */
async function made(access: VolumeConfig['access']): Promise<Record<string, string>> {
  const path = join(folder.path, 'backups')
  const storage = await VolumeBackend.open({ path, access }, environment)
  await storage.put(objectKey('orders/index'), Buffer.from('x'), ifAbsent)
  await using writer = await storage.openWriter(objectKey('orders/segment'), ifAbsent)
  await writer.write(Buffer.from('x'))
  await writer.commit()
  const names = ['', '.kannery', 'orders', 'orders/.kannery', 'orders/index', 'orders/segment']
  const modes = names.map(async (name) => {
    const { mode, gid } = await fs.stat(join(path, name))
    return [name, `${(mode & 0o7777).toString(8)} of group ${gid}`]
  })
  return Object.fromEntries(await Promise.all(modes))
}

describe('the files of a storage in a folder', () => {
  test('may be used only by their owner without access for the group', async () => {
    const group = process.getgid?.()

    expect(await made(undefined)).toEqual({
      '': `700 of group ${group}`,
      '.kannery': `700 of group ${group}`,
      orders: `700 of group ${group}`,
      'orders/.kannery': `700 of group ${group}`,
      'orders/index': `600 of group ${group}`,
      'orders/segment': `600 of group ${group}`,
    })
  })

  test('have the group of the folder with access for the group, whatever the umask is', async () => {
    const { gid } = await giveToGroup(folder.path)

    expect(await made('group')).toEqual({
      '': `2770 of group ${gid}`,
      '.kannery': `2770 of group ${gid}`,
      orders: `2770 of group ${gid}`,
      'orders/.kannery': `2770 of group ${gid}`,
      'orders/index': `660 of group ${gid}`,
      'orders/segment': `660 of group ${gid}`,
    })
  })
})

/**
 * To another group of this process, where it has one; with the bit that what is made in it inherits
 * that.
 */
async function giveToGroup(path: string): Promise<{ readonly gid: number }> {
  const { uid, gid: own } = await fs.stat(path)
  const gid = process.getuid?.() === 0 ? own + 1 : (process.getgroups?.()[0] ?? own)
  await fs.chown(path, uid, gid)
  await fs.chmod(path, 0o2770)
  return { gid }
}

// Runs where the folder it is given lies on a file system of its own, of 4 MiB. Prints what
// happened as JSON.
import fs from 'node:fs'
import { join } from 'node:path'
import { editIndex, type Index } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { UlidSource } from '@kannery/core/ulid'
import { systemClock, systemRandom } from '@kannery/runtime'
import { kannery } from './command-line.ts'
import { findBackup, openVolume, startVolumeBackup } from './volume-backup.ts'

const [disk = '', command = ''] = process.argv.slice(2)
const backups = join(disk, 'backups')
const ids = new UlidSource({ clock: systemClock, random: systemRandom })

/** The first segment was marked long ago. */
function aged(index: Index): Index {
  const expiredAt = '2020-01-01T00:00:00.000Z'
  const segments = index.segments.map((entry, at) =>
    at === 0 ? ({ ...entry, state: 'expired', expiredAt } as const) : entry,
  )
  return { ...index, segments }
}

/** Another program's file takes every byte that is left. */
function fill(): void {
  const file = fs.openSync(join(disk, 'other'), 'w')
  for (const bytes of [65_536, 1]) {
    const content = Buffer.alloc(bytes)
    try {
      for (;;) fs.writeSync(file, content)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }
  fs.closeSync(file)
}

{
  await using backup = await startVolumeBackup(backups)
  await backup.grow(3, 500_000)
}
{
  await using storage = await openVolume(backups)
  await editIndex(storage, 'orders', { ids, edit: aged })
}
fill()
const freeBefore = fs.statfsSync(disk).bavail
const { status, stderr } = await kannery(command, backups)
const found = await findBackup(backups)
const freed = fs.statfsSync(disk).bavail > 0
fs.rmSync(join(disk, 'other'))
{
  await using storage = await openVolume(backups)
  await using writer = await storage.openWriter(topicKeys('others').segment(ids.next()), {
    condition: { kind: 'if-absent' },
  })
  await writer.commit()
}
process.stdout.write(
  JSON.stringify({
    freeBefore,
    status,
    stderr,
    freed,
    states: found?.entries.map((entry) => entry.split(' ')[1]),
    broken: found?.broken,
    reserveAfterNextSegment: fs.existsSync(join(backups, '.kannery', 'reserve')),
  }),
)

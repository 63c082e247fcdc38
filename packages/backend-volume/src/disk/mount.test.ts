import { describe, expect, test } from 'vitest'
import { type Mount, mountOf, reasonAgainst } from './mount.ts'

const mountinfo = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard',
  '30 22 0:26 / /mnt/nas rw shared:2 - nfs4 server:/export rw,vers=4.2,noac,lookupcache=none',
  '31 30 0:27 / /mnt/nas/inner rw - tmpfs tmpfs rw',
  '32 22 0:28 / /mnt/with\\040space rw - fuse.s3fs s3fs rw',
  '33 22 0:29 / /mnt/twice rw - ext4 /dev/vdb rw',
  '34 22 0:30 / /mnt/twice rw - cifs //server/share rw,cache=strict',
  '',
].join('\n')

describe('the mount of a path', () => {
  test.each([
    ['/data/backups', 'ext4'],
    ['/mnt/nas', 'nfs4'],
    ['/mnt/nas/backups', 'nfs4'],
    ['/mnt/nasty', 'ext4'],
    ['/mnt/nas/inner/backups', 'tmpfs'],
    ['/mnt/with space/backups', 'fuse.s3fs'],
    ['/mnt/twice/backups', 'cifs'],
  ])('of %s is found: %s', (path, type) => {
    expect(mountOf(mountinfo, path)?.type).toBe(type)
  })

  test('has the options of the mount and of its file system', () => {
    expect(mountOf(mountinfo, '/mnt/nas')?.options).toEqual(
      expect.arrayContaining(['rw', 'noac', 'lookupcache=none']),
    )
  })
})

function mount(type: string, options = ''): Mount {
  return { type, options: options.split(',') }
}

describe('a mount', () => {
  test.each([
    mount('ext4'),
    mount('xfs'),
    mount('btrfs'),
    mount('overlay'),
    mount('tmpfs'),
    mount('nfs4', 'rw,noac'),
    mount('nfs', 'actimeo=0,lookupcache=none'),
    mount('nfs4', 'acregmin=0,acregmax=0,acdirmin=0,acdirmax=0,lookupcache=none'),
    mount('cifs', 'cache=none,actimeo=0'),
    mount('fuse.glusterfs'),
  ])('of $type ($options) is accepted', (given) => {
    expect(reasonAgainst(given)).toBeUndefined()
  })

  test.each([
    mount('nfs4', 'rw,hard'),
    mount('nfs', 'actimeo=0'),
    mount('nfs', 'acregmin=0,acregmax=0,lookupcache=none'),
    mount('cifs', 'cache=strict,actimeo=0'),
    mount('smb3', 'cache=none'),
    mount('fuse.s3fs'),
    mount('fuse.gcsfuse'),
    mount('fuse.rclone'),
    mount('fuse.blobfuse2'),
  ])('of $type ($options) is refused, with a remedy', (given) => {
    expect(reasonAgainst(given)).toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      why: expect.any(String),
      remedy: expect.stringMatching(/mount|use/i),
    })
  })
})

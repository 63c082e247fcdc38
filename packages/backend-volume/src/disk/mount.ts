import type { KanneryError } from '@kannery/storage'
import { unsupported } from '../errors.ts'

/** A mounted file system: what `mount` prints of it. */
export interface Mount {
  readonly type: string
  readonly options: readonly string[]
}

/**
 * Mounted object stores. In them a rename is a copy, a write may be lost, and two machines do not
 * see each other's changes.
 */
const mountedObjectStores =
  /s3|gcs|goofys|geesefs|rclone|blobfuse|azure|oss|cos|swift|b2|onedrive|gdrive|dropbox/

/**
 * Returns why `mount` cannot be written safely, where no probe on one machine can show it.
 *
 * Network file systems cache names and attributes: for seconds, a client may not see what another
 * one did. With the caches off (nfs(5), mount.cifs(8)) they ask the server.
 */
export function reasonAgainst(mount: Mount): KanneryError | undefined {
  const has = (...options: readonly string[]): boolean =>
    options.every((option) => mount.options.includes(option))
  if (mount.type.startsWith('nfs')) {
    const uncached = has('acregmin=0', 'acregmax=0', 'acdirmin=0', 'acdirmax=0')
    if (has('noac') || ((has('actimeo=0') || uncached) && has('lookupcache=none'))) return undefined
    return cached('NFS', 'noac,lookupcache=none')
  }
  if (/^(cifs|smb)/.test(mount.type)) {
    if (has('cache=none', 'actimeo=0')) return undefined
    return cached('SMB', 'cache=none,actimeo=0')
  }
  if (mount.type.startsWith('fuse') && mountedObjectStores.test(mount.type)) {
    return unsupported(`cannot write safely through ${mount.type}`, {
      why: 'it imitates a file system on top of an object store, without its promises',
      remedy: 'Use the object store directly (s3://, gs://, https://), or a real disk.',
    })
  }
  return undefined
}

function cached(name: string, options: string): KanneryError {
  return unsupported(`cannot write safely to ${name} that caches names`, {
    why: 'another machine could change the backup without this one seeing it',
    remedy: `Mount it with -o ${options}, or use a local disk or an object store.`,
  })
}

/**
 * Returns the mount that holds `path`, from the text of /proc/self/mountinfo
 * (proc_pid_mountinfo(5)).
 */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let found: (Mount & { readonly length: number }) | undefined
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ')
    const point = unescapeOctal(before?.split(' ')[4] ?? '')
    const [type, , superOptions] = after?.split(' ') ?? []
    if (point === '' || type === undefined) continue
    const contains = path === point || path.startsWith(point === '/' ? '/' : `${point}/`)
    // The later of two mounts on one point hides the earlier.
    if (!contains || point.length < (found?.length ?? 0)) continue
    const options = `${before?.split(' ')[5] ?? ''},${superOptions ?? ''}`.split(',')
    found = { type, options, length: point.length }
  }
  return found && { type: found.type, options: found.options }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

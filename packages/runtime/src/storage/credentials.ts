import { readdir, readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Storage } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { readSecret, withoutLastLineEnd } from '../read-secret.ts'
import type { Environment } from '../system.ts'

/**
 * The secrets of a storage, by name: each file of a folder (as Kubernetes mounts a Secret), the
 * `name=value` lines of a file, or one reference each. undefined when the document names none: a
 * cloud's SDK then looks in its own places (environment, profile, workload identity).
 *
 * @throws CONFIG_INVALID; the message never holds a value
 */
export async function readCredentials(
  { metadata, spec }: Storage,
  environment: Environment,
): Promise<Readonly<Record<string, string>> | undefined> {
  const { path, secrets } = spec.credentials ?? {}
  if (path !== undefined) return await readPath(path)
  if (secrets === undefined) return undefined
  const credentials: Record<string, string> = {}
  for (const [name, reference] of Object.entries(secrets)) {
    const field = `Storage "${metadata.name}": spec.credentials.secrets.${name}`
    credentials[name] = await readSecret(reference, { field, environment })
  }
  return credentials
}

async function readPath(path: string): Promise<Readonly<Record<string, string>>> {
  if (!isAbsolute(path)) throw unreadable(path, 'the path is not absolute')
  try {
    return (await stat(path)).isDirectory() ? await readFolder(path) : await readLines(path)
  } catch (error) {
    if (KanneryError.is(error)) throw error
    throw unreadable(path, (error as NodeJS.ErrnoException).code ?? String(error), error)
  }
}

async function readFolder(path: string): Promise<Record<string, string>> {
  const credentials: Record<string, string> = {}
  for (const entry of await readdir(path)) {
    // Kubernetes keeps the versions of a mounted Secret in `..data`; what it shows beside are links
    // to files there.
    if (entry.startsWith('.')) continue
    credentials[entry] = withoutLastLineEnd(await readFile(join(path, entry), 'utf8'))
  }
  return credentials
}

async function readLines(path: string): Promise<Record<string, string>> {
  const credentials: Record<string, string> = {}
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw unreadable(path, `line ${index + 1} is not name=value`)
    }
    credentials[name] = value
  }
  return credentials
}

function unreadable(path: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('CONFIG_INVALID', `the storage credentials in ${path} cannot be read`, {
    why,
    remedy:
      'Name a folder with one file per secret, or a file of name=value lines, by its absolute path.',
    cause,
  })
}

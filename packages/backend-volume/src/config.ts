import { isAbsolute, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KanneryError, type StandardSchema } from '@kannery/storage'
import { schemaOf } from '@kannery/storage/backend'

/** Where the folder is, and who may use what is made in it. */
export interface VolumeConfig {
  /**
   * Absolute. The first write creates the folder if its parent exists; reading never creates it.
   */
  readonly path: string
  /**
   * Who may use what is made: its owner alone, or the group of the folder as well. Defaults to
   * `owner`.
   */
  readonly access?: 'owner' | 'group' | undefined
}

/** Reads `file:///absolute/path[?access=group]`, percent-encoded. @throws CONFIG_INVALID */
export function configFromUrl(url: URL): VolumeConfig {
  const { access, ...others } = Object.fromEntries(url.searchParams)
  const [unknownOption] = Object.keys(others)
  if (unknownOption !== undefined || url.hash !== '') {
    const what = unknownOption === undefined ? '# part' : `option "${unknownOption}"`
    throw invalid(`the URL of a folder takes no ${what}`, {
      remedy: 'It may have: access. Write "?" in a folder name as %3F and "#" as %23.',
    })
  }
  if (url.host !== '' && url.host !== 'localhost') {
    throw invalid(`a file URL names no host, but this one names "${url.host}"`, {
      remedy: `Mount the folder of that host here, then use file://${url.pathname} with its path here.`,
    })
  }
  try {
    const path = fileURLToPath(`file://${url.pathname}`)
    return checkConfig({ path, access })
  } catch (error) {
    if (KanneryError.is(error)) throw error
    throw invalid(`not a file URL: ${url.href}`, { cause: error })
  }
}

/** Returns a configuration that the schema accepts. @throws CONFIG_INVALID */
export function checkConfig(value: unknown): VolumeConfig {
  if (typeof value !== 'object' || value === null) throw invalid('a volume needs a path')
  const { path, access, ...others } = value as {
    readonly path?: unknown
    readonly access?: unknown
  }
  const [unknownOption] = Object.keys(others)
  if (unknownOption !== undefined) throw invalid(`a volume has no option "${unknownOption}"`)
  if (typeof path !== 'string' || path === '') throw invalid('a volume needs a path')
  if (path.includes('\0')) throw invalid('a path cannot contain a zero byte')
  if (!isAbsolute(path)) throw invalid(`the path of a volume is absolute, but "${path}" is not`)
  if (access !== undefined && access !== 'owner' && access !== 'group') {
    throw invalid('the access to a volume is "owner" or "group"')
  }
  return { path: withoutTrailingSlash(normalize(path)), access }
}

export const configSchema: StandardSchema<VolumeConfig> = schemaOf('kannery', checkConfig)

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function invalid(
  message: string,
  options: { readonly remedy?: string; readonly cause?: unknown } = {},
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, options)
}

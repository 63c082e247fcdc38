import { isAbsolute } from 'node:path'
import { KanneryError } from '@kannery/storage'
import { schemaOf } from '@kannery/storage/backend'

/** Reads `sqlite:///srv/backups.db`. */
export function configFromUrl(url) {
  if (url.host !== '' || url.search !== '' || url.hash !== '') {
    throw invalid(`not the URL of a SQLite file: ${url.protocol}//${url.host}${url.pathname}`)
  }
  return checkConfig({ path: decodeURIComponent(url.pathname) })
}

export function checkConfig(value) {
  const { path, ...others } = value ?? {}
  if (typeof path !== 'string' || !isAbsolute(path)) throw invalid('a SQLite storage needs a path')
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`a SQLite storage has no option "${unknown}"`)
  return { path }
}

/** What apps validate and document with. */
export const configSchema = schemaOf('kannery-backend-sqlite', checkConfig)

function invalid(message) {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: 'Write sqlite:/// and the absolute path of the file, such as sqlite:///srv/backups.db.',
  })
}

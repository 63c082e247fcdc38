import { isAbsolute } from 'node:path'
import { KanneryError } from '@kannery/storage'

/** `sqlite:///srv/backups.db` */
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

/** What apps validate and document with: https://standardschema.dev */
export const configSchema = {
  '~standard': {
    version: 1,
    vendor: 'kannery-backend-sqlite',
    validate(value) {
      try {
        return { value: checkConfig(value) }
      } catch (error) {
        return { issues: [{ message: error.message }] }
      }
    },
  },
}

function invalid(message) {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: 'Write sqlite:/// and the absolute path of the file, such as sqlite:///srv/backups.db.',
  })
}

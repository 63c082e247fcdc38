import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { KanneryError } from '@kannery/storage'

/** Query parameters that would carry a secret; a URL is shown in process lists, logs and shell histories. */
const secretParameters =
  /secret|password|token|signature|sig$|accesskey|account-?key|credential|connectionstring/i

/** How a storage is called in a message: a path, or the URL without its options. */
export function shownLocation(url: URL): string {
  if (url.protocol === 'file:') return fileURLToPath(url)
  return `${url.protocol}//${url.host}${url.pathname}`.replace(/\/$/, '')
}

/**
 * Reads what a person typed as a storage: `./backups`, `/srv/backups`, `file:///srv/backups`, `s3://bucket/prefix` …
 *
 * @param directory what a relative path is relative to.
 * @throws CONFIG_INVALID, also for a URL that holds a secret; the message never repeats it.
 */
export function parseStorageUrl(text: string, directory: string): URL {
  if (text.trim() === '') throw invalid('the storage URL is empty')
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return pathToFileURL(resolve(directory, text))
  const url = URL.parse(text)
  if (url === null) throw invalid(`not a storage URL: ${withoutSecrets(text)}`)
  refuseSecrets(url)
  if (url.protocol === 'file:' && url.host !== '') {
    throw invalid(
      `not a storage URL: ${text}`,
      'A folder has three slashes: file:///srv/backups, or just its path.',
    )
  }
  return url
}

function refuseSecrets(url: URL): void {
  const parameter = [...url.searchParams.keys()].find((key) => secretParameters.test(key))
  if (url.username === '' && url.password === '' && parameter === undefined) return
  throw new KanneryError('CONFIG_INVALID', 'the storage URL holds a secret', {
    why: 'arguments and URLs end up in process lists, logs and shell histories',
    remedy:
      'Give credentials in the environment or a file, as docs/providers.md says for your storage.',
  })
}

function withoutSecrets(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/]*@/, '//…@').replace(/\?.*$/s, '?…'))
}

function invalid(
  message: string,
  remedy = 'Write ./folder, file:///folder, or a URL such as s3://bucket/prefix.',
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, { remedy })
}

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isSecretName, isSecretText } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'

/**
 * Reads what a person typed as a storage: `./backups`, `/srv/backups`, `file:///srv/backups`,
 * `s3://bucket/prefix` …
 *
 * @param directory what a relative path is relative to.
 * @throws CONFIG_INVALID, also for a URL that holds a secret; the message never repeats it.
 */
export function parseStorageUrl(text: string, directory: string): URL {
  if (text.trim() === '') throw invalid('the storage URL is empty')
  if (isSecretText(text)) throw holdsSecret()
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return pathToFileURL(resolve(directory, text))
  const url = URL.parse(text)
  if (url === null) throw invalid(`not a storage URL: ${withoutSecrets(text)}`)
  refuseSecrets(url)
  refuseRewriting(text)
  if (url.protocol === 'file:' && url.host !== '') {
    throw invalid(
      `not a storage URL: ${text}`,
      'A folder has three slashes: file:///srv/backups, or just its path.',
    )
  }
  return url
}

/**
 * What a URL parser leaves out or changes without a word, so that another place would be meant than
 * the one that was typed.
 */
const rewritten: readonly {
  readonly pattern: RegExp
  readonly why: string
  readonly remedy: string
}[] = [
  {
    pattern: /#/,
    why: 'in a URL, "#" and all after it name no place',
    remedy: 'Write "#" in a name as %23.',
  },
  {
    pattern: /^[^?]*%2f/i,
    why: '%2F would become a slash, and so another folder',
    remedy: 'Write "/" between folders; no name in a storage has one.',
  },
  {
    pattern: /^[^?]*\\/,
    why: 'a backslash would become a slash, or is in no name',
    remedy: 'Write "/" between folders.',
  },
  {
    pattern: /[\t\n\r]|^\s|\s$/,
    why: 'line ends, tabs and spaces around it would be left out',
    remedy: 'Write it without them; a space in a name is %20.',
  },
  {
    pattern: /^(?!file:)[^?]*\/(\.|%2e){1,2}(?=[/?]|$)/i,
    why: '"." and ".." would lead to another folder',
    remedy: 'Write the folder that is meant.',
  },
  {
    pattern: /^file:(?!\/)/i,
    why: 'after "file:" a relative path would begin at the root',
    remedy: 'Write the path alone, such as ./backups, or file:///srv/backups.',
  },
]

function refuseRewriting(text: string): void {
  const found = rewritten.find(({ pattern }) => pattern.test(text))
  if (found === undefined) return
  const { why, remedy } = found
  const message = `not a storage URL: ${withoutSecrets(text)}`
  throw new KanneryError('CONFIG_INVALID', message, { why, remedy })
}

function refuseSecrets(url: URL): void {
  const parameter = [...url.searchParams.keys()].find(isSecretName)
  if (url.username === '' && url.password === '' && parameter === undefined) return
  throw holdsSecret()
}

function holdsSecret(): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'the storage URL holds a secret', {
    why: 'arguments and URLs end up in process lists, logs and shell histories',
    remedy:
      'Give credentials in the environment or a file, as docs/providers.md says for your storage.',
  })
}

function withoutSecrets(text: string): string {
  return JSON.stringify(text.replace(/\/\/.*@/s, '//…@').replace(/([?#]).*$/s, '$1…'))
}

function invalid(
  message: string,
  remedy = 'Write ./folder, file:///folder, or a URL such as s3://bucket/prefix.',
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, { remedy })
}

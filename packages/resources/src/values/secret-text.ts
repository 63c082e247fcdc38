/** Words that make a name that of a secret, wherever they stand in it. */
const secretWord =
  /^(?:pwd|pass|passcode|sig|signature|credentials?|authorization|bearer|connectionstring|\w*(?:secret|password|passwd|passphrase|token|(?:api|access|account|private|secret|shared)key)s?\d*)$/

/** Two words that do so together. */
const secretPair = /^(?:(?:api|access|account|private|shared|encryption) key|connection string)$/

/** Whole names. The id of an access key is no secret, and belongs to the key all the same. */
const alwaysSecret = /^auth$|access ?key ?id$/

/** Last words of names that say where a secret is, or of what kind, and not what it is. */
const harmlessEnd =
  /^(?:file|path|folder|directory|env|environment|variable|name|reference|id|arn|url|uri|endpoint|region|database|provider|type|kind|mode|mechanism|method|version|enabled|ttl|expiry|age|timeout|retries|length|interval|seconds|ms|lifetime|prefix|ref|bucket|authentication|policy|store)$/

/** First words of names that count secrets, or refer to one: `maxTokens`, `existingSecret`. */
const harmlessStart = /^(?:max|min|existing)$/

/** Characters of a name that are looked at. */
const longestName = 8192

/** Whether a field of this name holds a secret: `password`, `apiKey`, but not `passwordFile`. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name)
  if (alwaysSecret.test(words.join(' '))) return true
  if (isHarmlessName(name)) return false
  return words.some((word, index) => {
    return secretWord.test(word) || secretPair.test(`${word} ${words[index + 1] ?? ''}`)
  })
}

/** Whether a name says that its field is about a secret, and holds none: `passwordFile`. */
export function isHarmlessName(name: string): boolean {
  const words = wordsOf(name)
  return harmlessEnd.test(words.at(-1) ?? '') || harmlessStart.test(words[0] ?? '')
}

function wordsOf(name: string): readonly string[] {
  return name
    .slice(0, longestName)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}

/** A user and a password at a host. One letter before the colon is the drive of a path. */
const login = /^[^\s/:@]{2,}:(?!\/\/)[^\s@]+@[^\s@]+$/

/** Names of settings that hold a secret, in a connection string. */
const settings = '(?:accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|secret|token)'
const setting = new RegExp(`(?:^${settings}\\s?=\\s?|[;\\s]${settings}=)[^;\\s]`, 'i')
const spacedSetting = new RegExp(`(?:^|[;\\s])${settings}\\s?=\\s?[^;\\s]`, 'i')

/**
 * What text holds a secret, whatever its field is called. Each finds its beginning, and looks at
 * each character once.
 */
const secretTexts: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY/,
  /[?&](?:sig|[\w-]{0,40}(?:signature|token|password|passwd|pwd|secret|api[_-]?key))=./i,
  setting,
]

/**
 * Whether text is or holds a secret: a private key, an address with a password …
 *
 * @param mayBeLogin whether `user:x@host` is no secret; defaults to false
 */
export function isSecretText(
  text: string,
  { mayBeLogin = false }: { readonly mayBeLogin?: boolean } = {},
): boolean {
  return (
    (!mayBeLogin && login.test(text)) ||
    // Without a semicolon, such spaces are those of a sentence.
    (text.includes(';') && spacedSetting.test(text)) ||
    secretTexts.some((pattern) => pattern.test(text)) ||
    hasAddressWithPassword(text) ||
    hasSecretAsJson(text)
  )
}

/** An address up to its `@`, with a password; what follows a port is no password. */
const addressWithPassword = /:\/\/[^/:]*:(?!\d{1,5}\/)./

/** Split first: one pattern for all would look for the `@` of each `://` again. */
function hasAddressWithPassword(text: string): boolean {
  if (!text.includes('@')) return false
  return text.split(/\s/).some((word) =>
    word
      .split('@')
      .slice(0, -1)
      .some((part) => addressWithPassword.test(part)),
  )
}

/** Whether JSON in the text has text in a field with the name of a secret. */
function hasSecretAsJson(text: string): boolean {
  const fields = [...text.matchAll(/"([\w.-]{1,64})"\s{0,8}:\s{0,8}"[^"]/g)]
  return fields.some(([, name = '']) => isSecretName(name))
}

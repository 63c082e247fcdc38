/** Words that make a name that of a secret, wherever they stand in it. */
const secretWord =
  /^(?:pwd|pass|passcode|sig|signature|credentials?|authorization|bearer|connectionstring|\w*(?:secret|password|passwd|passphrase|token|(?:api|access|account|private|secret|shared)key)s?\d*)$/

/** Two words that do so together. */
const secretPair = /^(?:(?:api|access|account|private|shared|encryption) key|connection string)$/

/** Whole names. The id of an access key is no secret, and belongs to the key all the same. */
const alwaysSecret = /^auth$|access ?key ?id$/

/** Last words of names that say where a secret is, or of what kind, and not what it is. */
const harmlessEnd =
  /^(?:file|path|folder|directory|env|environment|variable|name|reference|id|arn|url|uri|endpoint|region|database|provider|type|kind|mode|mechanism|method|version|enabled|ttl|expiry|age|timeout|retries|length)$/

/** No one writes a longer name; the rest is not looked at. */
const longestName = 8192

/** Whether a field of this name holds a secret: `password`, `apiKey`, but not `passwordFile`. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, longestName)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  if (alwaysSecret.test(words.join(' '))) return true
  if (harmlessEnd.test(words.at(-1) ?? '')) return false
  return words.some((word, index) => {
    return secretWord.test(word) || secretPair.test(`${word} ${words[index + 1] ?? ''}`)
  })
}

/**
 * What text holds a secret, whatever its field is called. Each finds its beginning, and looks at
 * each character once.
 */
const secretTexts: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY/,
  /^[^\s/:@]+:(?!\/\/)[^\s@]+@[^\s@]+$/,
  /[?&](?:sig|[\w-]{0,40}(?:signature|token|password|passwd|pwd|secret|api[_-]?key))=./i,
  // A connection string.
  /(?:^|[;\s])(?:accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|secret|token)\s?=\s?[^;\s]/i,
]

/** Whether text is or holds a secret: a private key, an address with a password … */
export function isSecretText(text: string): boolean {
  return (
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

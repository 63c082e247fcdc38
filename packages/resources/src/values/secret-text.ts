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

/** Whether a field of this name holds a secret: `password`, `apiKey`, but not `passwordFile`. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, longestLookedAt)
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
  // An address with a password; what follows a port is no password.
  /:\/\/[^/\s@:]*:(?!\d{1,5}(?:\/|$))[^\s@]+@/,
  /^[^\s/:@]+:(?!\/\/)[^\s@]+@[^\s@]+$/,
  /[?&](?:sig|[\w-]{0,40}(?:signature|token|password|passwd|pwd|secret|api[_-]?key))=./i,
  // A connection string.
  /(?:^|[;\s])(?:accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|secret|token)\s?=\s?[^;\s]/i,
]

/** Secrets stand near the beginning; longer text is not searched for them at great length. */
const longestLookedAt = 8192

/** Whether text is or holds a secret: a private key, an address with a password … */
export function isSecretText(text: string): boolean {
  const beginning = text.slice(0, longestLookedAt)
  return secretTexts.some((pattern) => pattern.test(beginning))
}

/** One entry of `sasl.jaas.config`. */
interface JaasEntry {
  readonly loginModule: string
  readonly options: ReadonlyMap<string, string>
}

/**
 * Parses the value of Kafka's `sasl.jaas.config`, `LoginModuleClass flag option="value" …;`, as
 * Kafka's own tools do (org.apache.kafka.common.security.JaasConfig over java.io.StreamTokenizer).
 * Returns undefined when it is not of that form, without a reason, because any part of the value
 * may be a secret.
 */
export function parseJaas(text: string): JaasEntry | undefined {
  const [loginModule, flag, ...rest] = tokenize(text)
  if (loginModule?.kind !== 'text' || flag?.kind !== 'text') return undefined
  if (!controlFlags.has(flag.text.toLowerCase())) return undefined
  const end = rest.findIndex((token) => isMark(token, ';'))
  // A login context of Kafka has one login module.
  if (end === -1 || end !== rest.length - 1) return undefined
  const options = new Map<string, string>()
  for (let at = 0; at < end; at += 3) {
    const [key, equals, value] = rest.slice(at, at + 3)
    if (key?.kind !== 'text' || !isMark(equals, '=') || value?.kind !== 'text') return undefined
    options.set(key.text, value.text)
  }
  return { loginModule: loginModule.text, options }
}

const controlFlags: ReadonlySet<string> = new Set([
  'required',
  'requisite',
  'sufficient',
  'optional',
])

interface Token {
  /**
   * `text`: a name or a value. `mark`: a single character or a number, which can be neither.
   */
  readonly kind: 'text' | 'mark'
  readonly text: string
}

function isMark(token: Token | undefined, mark: string): boolean {
  return token?.kind === 'mark' && token.text === mark
}

/**
 * Patterns of tokens, in the order in which Java's tokenizer tries them. A slash alone begins a
 * comment, too.
 */
const tokenPattern = new RegExp(
  [
    '[\\0-\\x20]+',
    '/\\*.*?(?:\\*/|$)',
    '/[^\\r\\n]*',
    '(?<number>-?(?:\\d+\\.?\\d*|\\.\\d*))',
    '(?<word>[A-Za-z_$\\xa0-\\uffff][A-Za-z_$\\-\\xa0-\\uffff\\d.]*)',
    '"(?<double>(?:\\\\.|[^"\\\\\\r\\n])*)"?',
    "'(?<single>(?:\\\\.|[^'\\\\\\r\\n])*)'?",
    '(?<mark>.)',
  ].join('|'),
  'gsy',
)

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  for (const { groups = {} } of text.matchAll(tokenPattern)) {
    const { number, word, double, single, mark } = groups
    const quoted = double ?? single
    if (quoted !== undefined) tokens.push({ kind: 'text', text: unescaped(quoted) })
    else if (word !== undefined) tokens.push({ kind: 'text', text: word })
    else if (number !== undefined) tokens.push({ kind: 'mark', text: number })
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark })
  }
  return tokens
}

const controlCharacters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Replaces escape sequences: octal codes up to `\377`, and the letters of C. */
function unescaped(quoted: string): string {
  return quoted.replace(
    /\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|(.))/gs,
    (_match, octal?: string, character = '') =>
      octal === undefined
        ? (controlCharacters[character] ?? character)
        : String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

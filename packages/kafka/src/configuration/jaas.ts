/** One entry of `sasl.jaas.config`. */
export interface JaasEntry {
  readonly loginModule: string
  readonly options: ReadonlyMap<string, string>
}

/** Words, quoted values, `=` and `;`: what JAAS configurations are made of (org.apache.kafka.common.security.JaasConfig). */
const tokenPattern = /\s*(?:"((?:\\.|[^"\\])*)"|([^\s"=;]+)|([=;]))/gsy

/**
 * Reads the value of Kafka's `sasl.jaas.config`: `LoginModuleClass flag option="value" …;`. Returns undefined when it is
 * not of that form; what is wrong is not told, because any part of it may be a secret.
 */
export function parseJaas(text: string): JaasEntry | undefined {
  const tokens = tokenize(text)
  if (tokens === undefined || tokens.length < 3 || tokens.at(-1)?.kind !== ';') return undefined
  const [loginModule, flag, ...rest] = tokens
  if (loginModule?.kind !== 'word' || flag?.kind !== 'word') return undefined
  const options = new Map<string, string>()
  for (let at = 0; at < rest.length - 1; at += 3) {
    const [key, equals, value] = rest.slice(at, at + 3)
    if (key?.kind !== 'word' || equals?.kind !== '=' || value?.kind !== 'word') return undefined
    options.set(key.text, value.text)
  }
  return { loginModule: loginModule.text, options }
}

interface Token {
  readonly kind: 'word' | '=' | ';'
  readonly text: string
}

function tokenize(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let end = 0
  for (const match of text.trimEnd().matchAll(tokenPattern)) {
    const [whole, quoted, bare, mark] = match
    end = match.index + whole.length
    if (mark === '=' || mark === ';') tokens.push({ kind: mark, text: mark })
    else tokens.push({ kind: 'word', text: quoted?.replace(/\\(.)/gs, '$1') ?? bare ?? '' })
  }
  return end === text.trimEnd().length ? tokens : undefined
}

import { KanneryError } from '@kannery/storage'

/**
 * Parses a Java .properties file as java.util.Properties.load does: comments with # or !, keys
 * ended by =, : or white space, lines continued by a backslash, \t \n \r \f and \uXXXX. The last of
 * several equal keys wins.
 *
 * @param text the bytes of the file decoded as ISO 8859-1, as Java does
 * @throws CONFIG_INVALID for a \u without four hexadecimal digits
 */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  return new Map(logicalLines(text).map(parseLine))
}

/** Joins continued lines, and drops comments and blank lines, which cannot be continued. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = []
  let begun = ''
  for (const natural of text.replace(byteOrderMark, '').split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (begun === '' && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const whole = begun + line
    const isContinued = endsWithOpenBackslash(line)
    begun = isContinued ? whole.slice(0, -1) : ''
    if (!isContinued) lines.push(whole)
  }
  return begun === '' ? lines : [...lines, begun]
}

/**
 * Byte order mark of UTF-8, decoded as ISO 8859-1. Java would take it for a part of the first key.
 */
const byteOrderMark = /^\u00ef\u00bb\u00bf/

function endsWithOpenBackslash(line: string): boolean {
  const backslashes = line.length - line.replace(/\\+$/, '').length
  return backslashes % 2 === 1
}

/** Splits a line at the first separator that no backslash escapes. */
const keyPattern = /^(?:\\.|[^\\=: \t\f])*/s
const separatorPattern = /^[ \t\f]*[=:]?[ \t\f]*/

function parseLine(line: string): [key: string, value: string] {
  const [key = ''] = keyPattern.exec(line) ?? []
  const value = line.slice(key.length).replace(separatorPattern, '')
  return [decodeEscapes(key), decodeEscapes(value)]
}

const controlCharacters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function decodeEscapes(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gs,
    (_match, code?: string, character?: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      if (character === 'u') throw malformed()
      return controlCharacters[character ?? ''] ?? character ?? ''
    },
  )
}

function malformed(): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'a Java .properties file cannot be read', {
    why: 'a \\u in it is not followed by four hexadecimal digits',
    remedy: 'Write a backslash that is meant as such twice.',
  })
}

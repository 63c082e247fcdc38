/**
 * Reads a Java .properties file as java.util.Properties.load does: comments with # or !, keys ended by =, : or white space,
 * lines continued by a backslash, \t \n \r \f and \uXXXX. The last of several equal keys wins.
 */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  return new Map(logicalLines(text).map(parseLine))
}

/** Joins continued lines; drops comments and blank lines. A comment cannot be continued. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = []
  let continued: string | undefined
  for (const natural of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const line: string = natural.replace(/^[ \t\f]+/, '')
    if (continued === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) {
      continue
    }
    const whole: string = (continued ?? '') + line
    continued = endsWithOpenBackslash(line) ? whole.slice(0, -1) : undefined
    if (continued === undefined) lines.push(whole)
  }
  if (continued !== undefined && continued !== '') lines.push(continued)
  return lines
}

function endsWithOpenBackslash(line: string): boolean {
  const backslashes = line.length - line.replace(/\\+$/, '').length
  return backslashes % 2 === 1
}

/** A key is what comes before the first separator that no backslash escapes. */
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
    (_match, code?: string, character?: string) =>
      code === undefined
        ? (controlCharacters[character ?? ''] ?? character ?? '')
        : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

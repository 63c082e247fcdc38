import type { Source } from './sources.ts'

const columns = 100

/** Names every line of a comment that is wider than code may be. */
export function commentWidthComplaints(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    wideCommentLines(source).map(
      (line) => `${source.path}:${line} is a comment of more than ${columns} columns: wrap it`,
    ),
  )
}

/** Numbers of the lines, from 1. */
function wideCommentLines({ text, comments }: Source): number[] {
  const lines = text.split('\n')
  return comments.flatMap(({ start, end }) => {
    const first = numberOfLine(text, start)
    const last = numberOfLine(text, end)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((number) =>
      isTooWide(lines[number - 1] ?? ''),
    )
  })
}

function numberOfLine(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/** A single long word, such as a URL, cannot be wrapped. */
function isTooWide(line: string): boolean {
  const words = line.replaceAll(/^\s*(?:\/\*\*?|\*|\/\/)?\s*|\s*\*\/$/g, '')
  return line.length > columns && words.includes(' ')
}

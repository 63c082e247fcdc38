import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

const jsonPage = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8')

/** The example of a command in docs/json.md. */
export function documented(command: string): unknown {
  const [, section = ''] = jsonPage.split(`\n## kannery ${command}\n`)
  const [, example] = /```json\n(.*)\n```/.exec(section) ?? []
  if (example === undefined) throw new Error(`docs/json.md has no example of ${command}`)
  return JSON.parse(example)
}

/**
 * Which keys a document has; what its values are does not matter, nor how many there are in a list.
 */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return 'value'
  // Partitions as keys.
  const entries = Object.entries(value).filter(([key]) => !/^[1-9]\d*$/.test(key))
  return Object.fromEntries(entries.map(([key, nested]) => [key, shapeOf(nested)]))
}

/** Expects the first document of an output to have the keys that the page says. */
export async function expectDocumented(command: string, stdout: string): Promise<void> {
  const [first = ''] = stdout.split('\n')
  expect(shapeOf(JSON.parse(first)), command).toEqual(shapeOf(documented(command)))
}

const operations = new URL('../../../docs/operations/', import.meta.url)

/**
 * The commands of a page of docs/operations, in its order: the words after `kannery`, for
 * `backups` instead of `./backups`.
 */
export function commandsOf(page: string, backups: string): string[][] {
  const text = readFileSync(new URL(page, operations), 'utf8')
  return [...text.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) => line.replace('./backups', backups).split(' ').slice(1))
}

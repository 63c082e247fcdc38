import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { repositoryRoot, type Source } from './sources.ts'

const page = 'docs/architecture.md'

/** The folders of one package, in the order in which they may import each other. */
interface Floor {
  /** Path from the root of the repository, with a slash at the end. */
  readonly source: string
  /** The number of its row, by folder, or by file where a row names one; paths from `source` on. */
  readonly rows: ReadonlyMap<string, number>
}

/**
 * Names every import that does not lead to a folder of a row above, as the tables of
 * docs/architecture.md order them. Imports of types count; tests do not, and neither do the modules
 * that make the exports of a package: an `index.ts`, and what lies beside the folders.
 */
export function roomComplaints(sources: readonly Source[]): string[] {
  return readFloors().flatMap((floor) => [
    ...missingRooms(floor),
    ...sources
      .filter(({ path }) => path.startsWith(floor.source) && !path.endsWith('.test.ts'))
      .flatMap((source) => complaintsAbout(source, floor)),
  ])
}

function readFloors(): Floor[] {
  const sections = readFileSync(join(repositoryRoot, page), 'utf8').split(/^## /m)
  const floors = sections.flatMap((section) => {
    const name = /^The rooms of (\S+)\n/.exec(section)?.[1]
    return name === undefined ? [] : [{ source: `packages/${name}/src/`, rows: rowsOf(section) }]
  })
  if (floors.length === 0) throw new Error(`${page} has no table of rooms`)
  return floors
}

function rowsOf(section: string): ReadonlyMap<string, number> {
  const firstCells = section.split('\n').flatMap((line) => /^\| (`[^|]+) \|/.exec(line)?.[1] ?? [])
  return new Map(
    firstCells.flatMap((cell, row) =>
      Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => [name, row] as const),
    ),
  )
}

function missingRooms({ source, rows }: Floor): string[] {
  return Array.from(rows.keys())
    .filter((room) => !existsSync(join(repositoryRoot, source, room)))
    .map((room) => `${page} names ${source}${room}, which does not exist`)
}

function complaintsAbout({ path, imports }: Source, floor: Floor): string[] {
  const file = path.slice(floor.source.length)
  if (isExport(file)) return []
  const room = roomOf(file, floor)
  const row = floor.rows.get(room)
  if (row === undefined) return [`${path} is in a folder that no row of ${page} names`]
  return imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)))
    .filter((target) => {
      const targetRoom = roomOf(target, floor)
      return targetRoom !== room && !((floor.rows.get(targetRoom) ?? row) < row)
    })
    .map((target) => `${path} imports ${target}, whose row in ${page} is not above its own`)
}

function isExport(file: string): boolean {
  return basename(file) === 'index.ts' || dirname(file) === '.'
}

function roomOf(file: string, { rows }: Floor): string {
  return rows.has(file) ? file : dirname(file)
}

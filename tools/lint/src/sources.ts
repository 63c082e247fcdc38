import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ESTree, parseSync, Visitor } from 'rolldown/utils'

export const repositoryRoot: string = join(import.meta.dirname, '../../..')

/** A TypeScript file of the repository. */
export interface Source {
  /** Path from the root of the repository. */
  readonly path: string
  readonly text: string
  /** Where its comments begin and end in `text`. */
  readonly comments: readonly { readonly start: number; readonly end: number }[]
  /** What it imports, also types, as the file says it: `../segment/reader.ts`. */
  readonly imports: readonly string[]
}

/** Every TypeScript file that git does not ignore. */
export function readSources(): Source[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.ts'],
    { cwd: repositoryRoot, encoding: 'utf8' },
  )
  const paths = new Set(listed.split('\0'))
  // A file may be deleted and not yet committed.
  return Array.from(paths)
    .filter((path) => path !== '' && existsSync(join(repositoryRoot, path)))
    .map(readSource)
}

function readSource(path: string): Source {
  const text = readFileSync(join(repositoryRoot, path), 'utf8')
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} is not TypeScript: ${errors[0]?.message}`)
  return { path, text, comments, imports: importsOf(program) }
}

function importsOf(program: ESTree.Program): string[] {
  const imports: string[] = []
  const add = (node: { readonly source: ESTree.Expression | null }): void => {
    if (node.source?.type === 'Literal') imports.push(String(node.source.value))
  }
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(program)
  return imports
}

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { DocumentProblem, Resource } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'

/** A document and the file that it was read from. */
export interface FiledDocument {
  readonly source: string
  readonly document: Resource
}

export interface FiledDocuments {
  readonly documents: readonly FiledDocument[]
  readonly problems: readonly DocumentProblem[]
}

/**
 * The documents of files, with the problems of those that are wrong.
 *
 * @param files paths, relative to `directory`; `-` is the standard input
 * @throws CONFIG_INVALID for a file that cannot be read
 */
export async function readFiles(
  files: readonly string[],
  directory: string,
): Promise<FiledDocuments> {
  const { readDocuments } = await import('@kannery/resources')
  const documents: FiledDocument[] = []
  const problems: DocumentProblem[] = []
  for (const file of files) {
    const source = file === '-' ? 'stdin' : file
    const read = readDocuments(await contentOf(file, directory), source)
    documents.push(...read.documents.map((document) => ({ source, document })))
    problems.push(...read.problems)
  }
  return { documents, problems }
}

async function contentOf(file: string, directory: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(resolve(directory, file), 'utf8')
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', `the file ${file} cannot be read`, {
      why: (cause as NodeJS.ErrnoException).code ?? String(cause),
      remedy: 'Check the path and its permissions.',
      cause,
    })
  }
}

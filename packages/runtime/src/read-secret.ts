import { readFile } from 'node:fs/promises'
import type { SecretReference } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import type { Environment } from './system.ts'

/** What a reference is read for, and from where. */
export interface SecretContext {
  /** The field of the document, for errors: `KafkaCluster "prod": spec.sasl.password`. */
  readonly field: string
  readonly environment: Environment
}

/**
 * What a reference of a document leads to, without the line end of the command that made it.
 *
 * @throws CONFIG_INVALID naming the field and the reference, never what they lead to
 */
export async function readSecret(
  reference: SecretReference,
  { field, environment }: SecretContext,
): Promise<string> {
  const { file, environment: variable = '' } = reference
  const secret =
    file === undefined ? environment[variable] : (await readNamedFile(file)).toString('utf8')
  if (secret !== undefined && secret !== '') return withoutLastLineEnd(secret)
  const place = file === undefined ? `the environment variable ${variable}` : `the file ${file}`
  throw new KanneryError('CONFIG_INVALID', `${field}: ${place} holds nothing`, {
    remedy: file === undefined ? 'Set the variable, or name a file.' : 'Write the secret into it.',
    facts: { field },
  })
}

/** A file that a person named. @throws CONFIG_INVALID */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', `the file ${path} cannot be read`, {
      why: (cause as NodeJS.ErrnoException).code ?? String(cause),
      remedy: 'Check the path and its permissions.',
      cause,
    })
  }
}

/** Secrets come with the line end of the command that made them. */
export function withoutLastLineEnd(secret: string): string {
  return secret.replace(/\r?\n$/, '')
}

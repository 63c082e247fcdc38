import { readFile } from 'node:fs/promises'
import type { SecretReference } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import type { Environment } from './system.ts'

/** The field that a reference belongs to, and the environment that it is read from. */
export interface SecretContext {
  /** The field of the document, for errors: `KafkaCluster "prod": spec.sasl.password`. */
  readonly field: string
  readonly environment: Environment
}

/**
 * Reads the secret that a reference of a document names, without a line end after it.
 *
 * @throws CONFIG_INVALID naming the field and the reference, never the secret
 */
export async function readSecret(
  reference: SecretReference,
  { field, environment }: SecretContext,
): Promise<string> {
  const { file, environment: variable = '' } = reference
  const secret =
    file === undefined ? environment[variable] : (await readNamedFile(file, field)).toString('utf8')
  if (secret !== undefined && secret !== '') return withoutLastLineEnd(secret)
  const place = file === undefined ? `the environment variable ${variable}` : `the file ${file}`
  throw new KanneryError('CONFIG_INVALID', `${field}: ${place} holds nothing`, {
    remedy: file === undefined ? 'Set the variable, or name a file.' : 'Write the secret into it.',
    facts: { field },
  })
}

/**
 * Reads a file that a field of a document names.
 *
 * @throws CONFIG_INVALID naming the field and the file when it cannot be read
 */
export async function readNamedFile(path: string, field: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', `${field}: the file ${path} cannot be read`, {
      why: (cause as NodeJS.ErrnoException).code ?? String(cause),
      remedy: 'Check the path and its permissions.',
      facts: { field },
      cause,
    })
  }
}

/** Removes the line end that the command which made a secret left after it. */
export function withoutLastLineEnd(secret: string): string {
  return secret.replace(/\r?\n$/, '')
}

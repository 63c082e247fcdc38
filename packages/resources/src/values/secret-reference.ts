import { z } from 'zod'
import { advice, exactlyOne, type Immutable, matchingText } from './schemas.ts'

/** A path that means the same whichever folder a document is read in. */
export const absolutePath = matchingText(/^(\/|[A-Za-z]:[\\/])[^\0]*$/, {
  what: 'an absolute path',
  right: 'Write the path from the root on, such as /srv/backups.',
})

/**
 * Where a secret, or another file of a connection, is read from. A document never holds the secret
 * itself: documents are kept in repositories, shown in consoles and sent around.
 */
export const secretReference = z
  .strictObject({
    /** Path of the file that holds it. A line end at its end is left out. */
    file: absolutePath.optional(),
    /** Name of the environment variable that holds it. */
    environment: matchingText(/^[A-Za-z_][A-Za-z0-9_]*$/, {
      what: 'the name of an environment variable',
      right: 'Write the name of the variable, such as SASL_PASSWORD, not what it holds.',
    }).optional(),
  })
  .refine(...exactlyOne(['file', 'environment']))
  .register(advice, { right: 'Write {file: /path} or {environment: NAME}.' })

export type SecretReference = Immutable<z.output<typeof secretReference>>

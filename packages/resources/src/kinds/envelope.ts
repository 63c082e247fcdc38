import { z } from 'zod'
import { advice, matchingText } from '../values/schemas.ts'

/** The version of all kinds: a document says which one it is written for. */
export const apiVersion = 'kannery.io/v1alpha1'

const textByName = z
  .record(
    z.string(),
    z.string().register(advice, {
      right: 'Write text, in quotes where YAML would read a number, true or false.',
    }),
  )
  .register(advice, { right: 'Write a text for each name, such as {team: payments}.' })

/** Name of a document. Kubernetes takes the same names. @param whose with an article. */
export function documentName(whose: string) {
  return matchingText(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
    what: 'a name',
    right: `Write the name of ${whose}: lower-case letters, digits, "-" and "."; a letter or digit first and last.`,
  })
}

/** Fields that every kind has, around the kind's own `spec`. */
export function envelope<Kind extends string, Spec extends z.ZodType>(kind: Kind, spec: Spec) {
  return z.strictObject({
    apiVersion: z.literal(apiVersion).register(advice, { right: `Write ${apiVersion}.` }),
    kind: z.literal(kind),
    metadata: z
      .strictObject({
        name: documentName('the document'),
        /** Namespace in Kubernetes. A document refers to others of its own namespace. */
        namespace: documentName('a namespace').optional(),
        labels: textByName.optional(),
        annotations: textByName.optional(),
      })
      .register(advice, { right: 'Write at least a name.' }),
    spec,
  })
}

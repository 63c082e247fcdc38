/**
 * Configuration entries of an answer, sorted by name; without those that have no value or keep it
 * secret.
 */
export function knownSettings(
  entries: readonly { readonly name: string; readonly value?: string | null | undefined }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries
      .flatMap(({ name, value }) => (typeof value === 'string' ? [[name, value] as const] : []))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

import { randomBytes } from 'node:crypto'

/** Returns a prefix that no other test uses. */
export function newPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

/** Resolves with what `work` rejects with. @throws when `work` succeeds */
export async function errorOf(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error as Error,
  )
}

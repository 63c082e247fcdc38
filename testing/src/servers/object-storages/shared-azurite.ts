import type { TestProject } from 'vitest/node'
import { startAzurite } from './azurite.ts'

export interface SharedAzurite {
  /** Ends with the account's name. */
  readonly endpoint: string
  readonly account: { readonly name: string; readonly key: string }
}

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * A server with the container `backups`, which all test files of a run share: each test has a
     * prefix of its own.
     */
    azurite: SharedAzurite
  }
}

/** A vitest `globalSetup`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const azurite = await startAzurite()
  await azurite.createContainer('backups')
  const { endpoint, account } = azurite
  project.provide('azurite', { endpoint, account })
  return () => azurite.stop()
}

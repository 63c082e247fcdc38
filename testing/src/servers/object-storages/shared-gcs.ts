import type { TestProject } from 'vitest/node'
import { startFakeGcsServer } from './fake-gcs-server.ts'

export interface SharedGcs {
  readonly endpoint: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * A server with the bucket `backups`, which all test files of a run share: each test has a
     * prefix of its own.
     */
    gcs: SharedGcs
  }
}

/** A vitest `globalSetup`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startFakeGcsServer()
  await server.createBucket('backups')
  project.provide('gcs', { endpoint: server.endpoint })
  return () => server.stop()
}

import type { TestProject } from 'vitest/node'
import { startKafka } from './kafka-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A broker that all test files of a run share: each test has topics of its own. */
    kafka: { readonly bootstrapServers: string }
  }
}

/** A vitest `globalSetup`: one plain broker for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await startKafka({ heapMb: 512 })
  project.provide('kafka', { bootstrapServers: kafka.bootstrapServers })
  return () => kafka.stop()
}

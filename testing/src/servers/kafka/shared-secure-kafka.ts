import type { TestProject } from 'vitest/node'
import { type KafkaSecurity, startKafka } from './kafka-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A broker with secure listeners and an authorizer that all test files of a run share. */
    secureKafka: { readonly bootstrapServers: string; readonly security: KafkaSecurity }
  }
}

/** A vitest `globalSetup`: one broker with every secure listener for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await startKafka({ security: true })
  if (kafka.security === undefined) throw new Error('the broker has no secure listeners')
  project.provide('secureKafka', {
    bootstrapServers: kafka.bootstrapServers,
    security: kafka.security,
  })
  return () => kafka.stop()
}

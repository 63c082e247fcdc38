import { randomBytes } from 'node:crypto'
import { realClock, realRandom } from '@kannery/storage-testkit'
import { expect } from 'vitest'
import { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { parseBootstrapServers } from '../src/configuration/bootstrap-servers.ts'
import type { Settings } from '../src/restore/settings/topic-settings.ts'

export function connectTo(
  bootstrapServers: string,
  { clientId = 'kannery-test' }: { readonly clientId?: string } = {},
): Promise<KafkaCluster> {
  return KafkaCluster.connect({
    clock: realClock,
    random: realRandom,
    connection: {
      bootstrapServers: parseBootstrapServers(bootstrapServers),
      clientId,
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
    },
  })
}

/** A name that no other test uses. */
export function uniqueTopic(label: string): string {
  return `${label}-${randomBytes(6).toString('hex')}`
}

/** Waits until the topic has exactly these overrides: brokers learn of new ones after a while. */
export async function expectOverrides(
  cluster: KafkaCluster,
  topic: string,
  overrides: Settings,
): Promise<void> {
  await expect
    .poll(async () => (await cluster.describeTopicConfig(topic)).overrides)
    .toEqual(overrides)
}

import { randomBytes } from 'node:crypto'
import { realClock, realRandom } from '@kannery/storage-testkit'
import { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { parseBootstrapServers } from '../src/configuration/bootstrap-servers.ts'

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

import { freePorts } from '../processes/free-ports.ts'
import { KafkaProxy } from './kafka-proxy.ts'
import { type KafkaServer, startKafka } from './kafka-server.ts'

export interface ProxiedKafka extends AsyncDisposable {
  /** The proxy's address, which is also what the broker advertises. */
  readonly bootstrapServers: string
  readonly proxy: KafkaProxy
  /** Where the broker keeps its logs: a folder for each partition. */
  readonly dataFolder: string
}

/** A broker that clients reach only through a proxy that sees what they ask for. */
export async function startProxiedKafka(): Promise<ProxiedKafka> {
  const [port = 0] = await freePorts(1)
  const proxy = await KafkaProxy.start(port)
  let kafka: KafkaServer
  try {
    const address = `127.0.0.1:${proxy.port}`
    kafka = await startKafka({
      port,
      properties: {
        'advertised.listeners': `PLAINTEXT://${address}`,
        // A segment is a file: none is closed in the middle of a test.
        'log.segment.bytes': '1073741824',
      },
    })
    return {
      bootstrapServers: address,
      proxy,
      dataFolder: `${kafka.processes[0]?.folder}/data`,
      async [Symbol.asyncDispose]() {
        await kafka.stop()
        await proxy[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await proxy[Symbol.asyncDispose]()
    throw error
  }
}

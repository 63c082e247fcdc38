/**
 * The process of `./dev kafka start`: keeps a broker until it gets SIGTERM. It writes the address
 * of the broker into a file, which it removes at its end.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { startKafka } from '@kannery/testing/servers/kafka/kafka-server'

const [stateFile = '', port = ''] = process.argv.slice(2)

await using kafka = await startKafka({ heapMb: 512, port: Number(port) })
writeFileSync(
  `${stateFile}.part`,
  JSON.stringify({ pid: process.pid, bootstrapServers: kafka.bootstrapServers }),
)
renameSync(`${stateFile}.part`, stateFile)
const alive = setInterval(() => {}, 1_000_000)
await new Promise((resolve) => process.once('SIGTERM', resolve))
clearInterval(alive)
rmSync(stateFile, { force: true })

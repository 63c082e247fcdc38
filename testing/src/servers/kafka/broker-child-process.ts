/**
 * The process that kafka-server.test.ts kills: starts a broker, prints where it is, and waits for
 * its end.
 */
import { startKafka } from './kafka-server.ts'

const kafka = await startKafka()
const [broker] = kafka.processes
process.stdout.write(
  `${JSON.stringify({ bootstrapServers: kafka.bootstrapServers, folder: broker?.folder, pid: broker?.supervisorPid })}\n`,
)
setInterval(() => {}, 1_000_000)

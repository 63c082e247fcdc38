import { parseArgs } from 'node:util'
import { Connection } from './connection.ts'
import { type Api, frame, int16, int32, text } from './fields.ts'
import { NumberedBatch } from './record-batch.ts'

/*
 * Fills a topic with batches of one size, the same number in every partition. Each request has one
 * batch for each of many partitions, and several are on their way at a time: a million batches of
 * one record take a producer of Kafka's much longer.
 */

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    partitions: { type: 'string', default: '1' },
    /** In each partition. */
    batches: { type: 'string', default: '1' },
    /** In each batch. */
    records: { type: 'string', default: '1' },
    'value-bytes': { type: 'string', default: '100' },
  },
})
/** The last version without a tagged field, from the first that Kafka 4 knows. */
const produceApi: Api = { key: 0, version: 3 }
const greatestRequestBytes = 1 << 20
const requestsOnTheWay = 16
const partitions = Array.from({ length: Number(values.partitions) }, (_, partition) => partition)

const batch = new NumberedBatch(Number(values.records), Number(values['value-bytes']))
const perRequest = Math.max(1, Math.floor(greatestRequestBytes / batch.bytes.length))
const requests = encodeRequests()

let unanswered = 0
const connection = await Connection.open(values.to, (answer) => {
  assertStored(answer)
  unanswered -= 1
  sendMore()
})
sendMore()

function sendMore(): void {
  while (unanswered < requestsOnTheWay) {
    const { value: request, done } = requests.next()
    if (done) break
    connection.send(request)
    unanswered += 1
  }
  if (unanswered === 0) connection.close()
}

function* encodeRequests(): Generator<Buffer, void> {
  for (let number = 0; number < Number(values.batches); number += 1) {
    batch.number(number)
    for (let from = 0; from < partitions.length; from += perRequest) {
      yield encodeProduce(partitions.slice(from, from + perRequest))
    }
  }
}

function encodeProduce(targets: readonly number[]): Buffer {
  const [noTransaction, leader, patienceMs, topics] = [-1, 1, 30_000, 1]
  return frame(produceApi, [
    ...[int16(noTransaction), int16(leader), int32(patienceMs)],
    ...[int32(topics), text(values.topic), int32(targets.length)],
    ...targets.flatMap((partition) => [int32(partition), int32(batch.bytes.length), batch.bytes]),
  ])
}

function assertStored(answer: Buffer): void {
  const countAt = 10 + answer.readInt16BE(8)
  const count = answer.readInt32BE(countAt)
  for (let at = countAt + 4; at < countAt + 4 + 22 * count; at += 22) {
    const error = answer.readInt16BE(at + 4)
    if (error !== 0) throw new Error(`partition ${answer.readInt32BE(at)}: Kafka error ${error}`)
  }
}

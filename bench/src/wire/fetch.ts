import { type Api, frame, int8, int32, int64, readInt64, text } from './fields.ts'

/** The last version in which lengths have a fixed size and nothing is sent twice. */
const fetchApi: Api = { key: 1, version: 10 }
const noSession = { id: 0, epoch: -1 }

/** How far a partition was read. */
export interface Position {
  readonly partition: number
  /** Of the next record. */
  offset: number
  /** Where the partition ends, as far as is known. */
  end: number
}

export interface FetchBounds {
  readonly partitionBytes: number
  readonly answerBytes: number
}

export function encodeFetch(
  topic: string,
  positions: readonly Position[],
  { partitionBytes, answerBytes }: FetchBounds,
): Buffer {
  const [replica, patienceMs, leastBytes, readUncommitted] = [-1, 500, 1, 0]
  const [topics, forgottenTopics] = [1, 0]
  return frame(fetchApi, [
    ...[int32(replica), int32(patienceMs), int32(leastBytes), int32(answerBytes)],
    ...[int8(readUncommitted), int32(noSession.id), int32(noSession.epoch)],
    ...[int32(topics), text(topic), int32(positions.length)],
    ...positions.flatMap(({ partition, offset }) => [
      ...[int32(partition), int32(-1), int64(offset), int64(-1), int32(partitionBytes)],
    ]),
    int32(forgottenTopics),
  ])
}

export interface PartitionAnswer {
  readonly partition: number
  readonly end: number
  /** Batches; the last one may be cut off. */
  readonly bytes: Buffer
}

/** Takes apart the answer to a request for one topic. */
export function decodeFetch(answer: Buffer): PartitionAnswer[] {
  const topics = answer.readInt32BE(14)
  if (topics === 0) return []
  let at = 20 + answer.readInt16BE(18)
  const partitions = answer.readInt32BE(at)
  at += 4
  const answers: PartitionAnswer[] = []
  for (let index = 0; index < partitions; index += 1) {
    const partition = answer.readInt32BE(at)
    const error = answer.readInt16BE(at + 4)
    if (error !== 0) throw new Error(`partition ${partition}: Kafka error ${error}`)
    const end = readInt64(answer, at + 6)
    const aborted = Math.max(answer.readInt32BE(at + 30), 0)
    at += 34 + 16 * aborted
    const length = Math.max(answer.readInt32BE(at), 0)
    answers.push({ partition, end, bytes: answer.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return answers
}

const headerBytes = 61

/** The whole batches at the start of `bytes`, one by one. */
export function* wholeBatches(bytes: Buffer): Generator<Buffer> {
  let at = 0
  while (at + headerBytes <= bytes.length) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) return
    yield bytes.subarray(at, end)
    at = end
  }
}

export function nextOffset(batch: Buffer): number {
  return readInt64(batch, 0) + batch.readInt32BE(23) + 1
}

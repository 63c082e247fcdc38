import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'

/** Which API a request is of, and in which versions Kannery speaks it. */
export interface ApiVersions {
  /** Number of the API (org.apache.kafka.common.protocol.ApiKeys). */
  readonly key: number
  /** Name of the API in Kafka's documentation, such as `ListOffsets`. */
  readonly name: string
  readonly least: number
  readonly greatest: number
}

/**
 * One API of Kafka's protocol in a range of versions: its requests and answers as in the message
 * definitions of Kafka's clients (clients/src/main/resources/common/message).
 */
export interface KafkaApi<Request, Answer> extends ApiVersions {
  /** First version with varint lengths and tagged fields (KIP-482). */
  readonly flexibleFrom: number
  /** Writes the fields of a request. The tagged fields at its end are written for it. */
  encode(writer: FrameWriter, request: Request, version: number): void
  /** Reads the fields of an answer. The tagged fields at its end are read for it. */
  decode(reader: FrameReader, version: number): Answer
}

/** An answer that says for how long the broker wants no more requests (KIP-219). */
export interface ThrottledAnswer {
  readonly throttleTimeMs: number
}

/** Encodes the body of a request: what follows its header. */
export function encodeRequestBody<Request>(
  api: KafkaApi<Request, unknown>,
  request: Request,
  version: number,
): Buffer {
  const writer = new FrameWriter({ flexible: isFlexible(api, version) })
  api.encode(writer, request, version)
  writer.taggedFields()
  return writer.written
}

/**
 * Decodes the body of an answer: what follows its header.
 *
 * @throws RangeError when it is not an answer of this version.
 */
export function decodeAnswerBody<Answer>(
  api: KafkaApi<never, Answer>,
  body: Buffer,
  version: number,
): Answer {
  const reader = new FrameReader(body, { flexible: isFlexible(api, version) })
  const answer = api.decode(reader, version)
  reader.end()
  return answer
}

/** Whether a version of an API has varint lengths and tagged fields. */
export function isFlexible(
  { flexibleFrom }: Pick<KafkaApi<never, unknown>, 'flexibleFrom'>,
  version: number,
): boolean {
  return version >= flexibleFrom
}

import { apiVersionsApi } from '../protocol/apis/api-versions.ts'

/** The fields of a request's header besides the correlation id and the client's id. */
export interface RequestKind {
  readonly apiKey: number
  readonly apiVersion: number
  /** Flexible versions have tagged fields in the header (KIP-482, request header v2). */
  readonly flexible: boolean
}

/** Builds the frame length and the header of a request whose body has `bodyLength` bytes. */
export function encodeRequestHeader(
  kind: RequestKind,
  correlationId: number,
  clientId: Uint8Array,
  bodyLength: number,
): Buffer {
  const header = Buffer.allocUnsafe(4 + 10 + clientId.length + (kind.flexible ? 1 : 0))
  let position = header.writeInt32BE(header.length - 4 + bodyLength, 0)
  position = header.writeInt16BE(kind.apiKey, position)
  position = header.writeInt16BE(kind.apiVersion, position)
  position = header.writeInt32BE(correlationId, position)
  position = header.writeInt16BE(clientId.length, position)
  header.set(clientId, position)
  if (kind.flexible) header[header.length - 1] = 0
  return header
}

/**
 * Whether the header of the answer ends with tagged fields, as those of flexible versions do. That
 * of ApiVersions never does: whoever asks does not know yet what the broker speaks (KIP-511).
 */
export function hasTaggedFieldsInAnswer({ apiKey, flexible }: RequestKind): boolean {
  return flexible && apiKey !== apiVersionsApi.key
}

/**
 * Returns the position after the tagged fields that begin at `position` (KIP-482).
 *
 * @throws RangeError when they end outside `bytes`.
 */
export function skipTaggedFields(bytes: Buffer, position: number): number {
  let [count, next] = readUnsignedVarint(bytes, position)
  for (; count > 0; count--) {
    next = readUnsignedVarint(bytes, next)[1]
    const [size, behindSize] = readUnsignedVarint(bytes, next)
    next = behindSize + size
  }
  if (next > bytes.length) throw new RangeError('tagged fields end outside the frame')
  return next
}

function readUnsignedVarint(bytes: Buffer, position: number): [value: number, next: number] {
  let value = 0
  let factor = 1
  for (let next = position; next < position + 5; next++) {
    const byte = bytes.readUInt8(next)
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return [value, next + 1]
    factor *= 0x80
  }
  throw new RangeError('a variable-length integer has more than five bytes')
}

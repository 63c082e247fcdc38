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
 * of ApiVersions never does: a client that sends it does not know the broker's versions (KIP-511).
 */
export function hasTaggedFieldsInAnswer({ apiKey, flexible }: RequestKind): boolean {
  return flexible && apiKey !== apiVersionsApi.key
}

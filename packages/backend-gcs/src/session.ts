import { Readable } from 'node:stream'
import { bodyInPieces, type CallOptions, type OnProgress } from '@kannery/storage'

export interface SessionRequest extends CallOptions {
  readonly method: 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly onProgress?: OnProgress
}

/**
 * A request about an upload that was begun. Its URL is all that it takes to write: it goes without
 * credentials.
 * https://cloud.google.com/storage/docs/resumable-uploads#session-uris
 *
 * Not by the SDK: a network that fails under a chunk ends the process there
 * (docs/adr/0146-googles-sdk.md).
 */
export async function sendToSession(session: string, request: SessionRequest): Promise<Response> {
  const { method, headers, body, onProgress = () => undefined, signal } = request
  return await fetch(session, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
    },
    // 308 means "go on with the upload" here.
    redirect: 'manual',
    ...(body === undefined ? {} : streamOf(body, onProgress)),
    ...(signal && { signal }),
  })
}

function streamOf(body: Uint8Array, onProgress: OnProgress): RequestInit {
  const stream = Readable.toWeb(bodyInPieces(body, onProgress))
  return { body: stream as ReadableStream<Uint8Array<ArrayBuffer>>, duplex: 'half' }
}

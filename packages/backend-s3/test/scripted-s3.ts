import { objectKey, type StorageBackend, type StoredObject } from '@kannery/storage'
import {
  type ScriptedAnswer,
  type ScriptedOutcome,
  type ScriptedServer,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { mib } from '@kannery/testing/storages/backend-fixtures'
import { plugin } from '../src/index.ts'
import { context } from './fixtures.ts'

export const key = objectKey('orders/index')
export const body = Buffer.from('body')
export const ifAbsent = { kind: 'if-absent' } as const
const date = 'Mon, 23 Nov 2026 10:00:00 GMT'
/** The headers of an object. */
export const stored = { etag: '"1"', 'last-modified': date }
/** The bodies of the answers that begin and complete a multipart upload. */
export const begunUpload =
  '<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>'
export const completedUpload =
  '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses */
export function failure(status: number, code: string, extra = '', headers = {}): ScriptedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': 'R1', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>a message of S3</Message>${extra}<RequestId>R1</RequestId></Error>`,
  }
}

export async function openAt(
  { endpoint }: { readonly endpoint: string },
  accessKeyId = 'AKIA',
): Promise<StorageBackend> {
  return await plugin.open(
    { bucket: 'backups', endpoint, region: 'us-east-1' },
    { ...context, credentials: { accessKeyId, secretAccessKey: 'hunter2' } },
  )
}

/** Whether a request begins a multipart upload. */
export function beginsUpload(request: { readonly method: string; readonly url: string }): boolean {
  return request.method === 'POST' && request.url.includes('?uploads')
}

/** A server that takes parts, and answers the request that publishes them as `publish` says. */
export function uploadServer(publish: () => ScriptedOutcome): Promise<ScriptedServer> {
  return startScriptedServer((request) => {
    if (beginsUpload(request)) return { status: 200, headers: { date }, body: begunUpload }
    if (request.method === 'PUT') return { status: 200, headers: { date, etag: '"p"' } }
    if (request.method === 'DELETE') return { status: 204 }
    return publish()
  })
}

/** Writes an object of two parts, and commits it. */
export async function stream(server: ScriptedServer, signal?: AbortSignal): Promise<StoredObject> {
  await using storage = await openAt(server)
  await using writer = await storage.openWriter(key, { condition: ifAbsent, signal })
  await writer.write(Buffer.alloc(9 * mib))
  return await writer.commit()
}

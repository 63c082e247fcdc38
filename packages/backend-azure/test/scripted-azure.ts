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
export const stored = { etag: '"0x1"', 'last-modified': date, date }

/** https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2 */
export function failure(status: number, code: string, extra = '', headers = {}): ScriptedAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/xml',
      'x-ms-error-code': code,
      'x-ms-request-id': 'R1',
      ...headers,
    },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>a message of Azure\nRequestId:R1</Message>${extra}</Error>`,
  }
}

export async function openAt(
  { endpoint }: { readonly endpoint: string },
  credentials: Readonly<Record<string, string>> = { accountKey: 'aHVudGVyMg==' },
): Promise<StorageBackend> {
  return await plugin.open(
    { endpoint: `${endpoint}/acme`, container: 'backups' },
    { ...context, credentials },
  )
}

/** A server that takes blocks, and answers the request that commits them as `commit` says. */
export function blockServer(commit: () => ScriptedOutcome): Promise<ScriptedServer> {
  return startScriptedServer(({ method, url, body: sent }) => {
    if (method === 'DELETE') return { status: 202, headers: { date } }
    if (url.includes('comp=blocklist') && sent.includes('<Latest>')) return commit()
    return { status: 201, headers: stored }
  })
}

/** Writes an object of two blocks, and commits it. */
export async function stream(server: ScriptedServer, signal?: AbortSignal): Promise<StoredObject> {
  await using storage = await openAt(server)
  await using writer = await storage.openWriter(key, { condition: ifAbsent, signal })
  await writer.write(Buffer.alloc(9 * mib))
  return await writer.commit()
}

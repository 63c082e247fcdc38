import { objectKey } from '@kannery/storage'
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
export const json = { 'content-type': 'application/json; charset=UTF-8' }
/** The headers of an object's content. */
export const objectHeaders = {
  'x-goog-generation': '7',
  'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT',
}
/** The metadata of an object. */
export const stored = JSON.stringify({
  size: '4',
  generation: '7',
  updated: '2026-11-23T10:00:00.000Z',
})

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export function failure(status: number, reason: string, headers = {}): ScriptedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-guploader-uploadid': 'R1', ...headers },
    body: JSON.stringify({
      error: {
        code: status,
        message: 'a message of Google',
        errors: [{ domain: 'global', reason }],
      },
    }),
  }
}

export async function openAt({ endpoint }: ScriptedServer) {
  return await plugin.open({ bucket: 'backups', endpoint }, context)
}

/** A server that takes the bytes of a session as `chunk` says; undefined: all of them. */
export function sessionServer(
  chunk: (first: number, last: number, total: number | undefined) => ScriptedOutcome | 'kept',
): Promise<ScriptedServer> {
  return startScriptedServer(({ method, url, headers }) => {
    if (method === 'DELETE') return { status: 499 }
    if (method === 'POST') {
      return {
        status: 200,
        headers: { location: `http://${headers.host}${url}&upload_id=hunter2` },
      }
    }
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(headers['content-range'])) ?? []
    const answer = chunk(Number(first), Number(last), total === '*' ? undefined : Number(total))
    if (answer !== 'kept') return answer
    return total === '*'
      ? { status: 308, headers: { range: `bytes=0-${last}` } }
      : { status: 200, headers: json, body: stored }
  })
}

export async function stream(server: ScriptedServer, signal?: AbortSignal): Promise<unknown> {
  await using storage = await openAt(server)
  await using writer = await storage.openWriter(key, {
    condition: ifAbsent,
    maxBufferedBytes: 4 * mib,
    signal,
  })
  await writer.write(Buffer.alloc(5 * mib, 1))
  return await writer.commit()
}

import { keyPrefix, objectKey } from '@kannery/storage'
import {
  type ScriptedAnswer,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { beforeEach, expect, test, vi } from 'vitest'
import { plugin } from '../src/index.ts'
import { context } from './fixtures.ts'

const key = objectKey('orders/index')

beforeEach(() => {
  for (const name of ['HOME', 'CLOUDSDK_CONFIG']) vi.stubEnv(name, '/nowhere')
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined)
  return () => vi.unstubAllEnvs()
})

/**
 * What a metadata server says that has no token:
 * https://cloud.google.com/compute/docs/metadata/overview
 */
function withoutToken(status: number): (request: { readonly url: string }) => ScriptedAnswer {
  const headers = { 'metadata-flavor': 'Google', 'content-type': 'text/plain' }
  return ({ url }) => ({ status: url.includes('/token') ? status : 200, headers, body: 'x' })
}

test.each([400, 403, 404])(
  'where %i is said instead of a token, credentials are missing, and neither object nor bucket',
  async (status) => {
    await using metadata = await startScriptedServer(withoutToken(status))
    vi.stubEnv('GCE_METADATA_HOST', new URL(metadata.endpoint).host)
    await using storage = await plugin.open({ bucket: 'backups' }, context)

    const calls = [
      storage.head(key),
      storage.get(key),
      storage.delete(key),
      storage.put(key, Buffer.from('x'), { condition: { kind: 'if-absent' } }),
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' })),
    ]
    const codes = await Promise.all(calls.map((call) => call.catch((error) => error.code)))
    expect(codes).toEqual(calls.map(() => 'STORAGE_UNAUTHENTICATED'))
  },
)

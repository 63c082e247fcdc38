// What Google and its token servers answer to credentials, scripted as they document it.
import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { keyPrefix } from '@kannery/storage'
import {
  type ScriptedAnswer,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { errorOf } from '@kannery/testing/storages/backend-fixtures'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { plugin } from '../src/index.ts'
import { context } from './fixtures.ts'
import { failure, key, openAt, stored } from './scripted-google.ts'

describe('a metadata server without a token', () => {
  beforeEach(() => {
    for (const name of ['HOME', 'CLOUDSDK_CONFIG']) vi.stubEnv(name, '/nowhere')
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined)
    return () => vi.unstubAllEnvs()
  })

  test.each([400, 403, 404])(
    'that answers %i means missing credentials, not a missing object or bucket',
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
})

/**
 * What a metadata server says that has no token:
 * https://cloud.google.com/compute/docs/metadata/overview
 */
function withoutToken(status: number): (request: { readonly url: string }) => ScriptedAnswer {
  const headers = { 'metadata-flavor': 'Google', 'content-type': 'text/plain' }
  return ({ url }) => ({ status: url.includes('/token') ? status : 200, headers, body: 'x' })
}

describe('credentials of Google', () => {
  test('are not sent to emulators, and STORAGE_EMULATOR_HOST is ignored', async () => {
    await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
    await using decoy = await startScriptedServer(() => ({ status: 200, body: stored }))
    process.env['STORAGE_EMULATOR_HOST'] = decoy.endpoint
    try {
      await using storage = await openAt(server)
      await storage.head(key)
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST']
    }

    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
    expect(decoy.requests).toEqual([])
  })

  test('that Google does not accept are reported without a part of the key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await using server = await startScriptedServer(() => failure(401, 'authError'))
    await using storage = await plugin.open(
      { bucket: 'backups', endpoint: server.endpoint },
      { ...context, credentials: { serviceAccountKey: keyFileOf(pem) } },
    )
    const error = await errorOf(storage.head(key))
    const token = String(server.requests[0]?.headers.authorization)
    const text = inspect(error, { depth: 9 })

    expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED', exitStatus: 18 })
    expect(token).toMatch(/^Bearer ey/)
    expect(text).not.toContain(token.slice('Bearer '.length))
    expect(text).not.toContain(pem.split('\n')[1])
  })

  test('that are not a key are reported without a part of the text', async () => {
    await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
    await using storage = await plugin.open(
      { bucket: 'backups', endpoint: server.endpoint },
      { ...context, credentials: { serviceAccountKey: keyFileOf('hunter2') } },
    )
    const error = await errorOf(storage.head(key))

    expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED' })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
    expect(server.requests).toEqual([])
  })
})

function keyFileOf(privateKey: string): string {
  return JSON.stringify({
    type: 'service_account',
    client_email: 'backup@project.iam.gserviceaccount.com',
    private_key: privateKey,
  })
}

import { setTimeout as delay } from 'node:timers/promises'
import { startScriptedServer } from '@kannery/testing/servers/http/scripted-server'
import { describe, expect, test } from 'vitest'
import { body, ifAbsent, key, openAt, stored } from './scripted-azure.ts'

describe('an idle connection to Azure', () => {
  test('is used again, but not when the server is about to close it', async () => {
    const answer = () => ({ status: 201, headers: stored })
    await using server = await startScriptedServer(answer, { keepAliveTimeout: 2000 })
    await using storage = await openAt(server)
    const put = () => storage.put(key, body, { condition: ifAbsent })

    await put()
    await put()
    expect(server.connections()).toBe(1)

    await delay(1500)
    await put()
    expect(server.connections()).toBe(2)
  })
})

import {
  connectionsAroundPause,
  shortKeepAlive,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { describe, expect, test } from 'vitest'
import { body, ifAbsent, key, openAt, stored } from './scripted-s3.ts'

describe('an idle connection to S3', () => {
  test('is used again, but not when the server is about to close it', async () => {
    await using server = await startScriptedServer(
      () => ({ status: 200, headers: stored }),
      shortKeepAlive,
    )
    await using storage = await openAt(server)
    const put = () => storage.put(key, body, { condition: ifAbsent })

    expect(await connectionsAroundPause(server, put)).toEqual([1, 2])
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { negotiateApiVersions } from './api-versions.ts'

describe('the negotiation of API versions', () => {
  test('a broker gets the version that stands in the manifest of the package', async () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { readonly version: string }
    const sent: unknown[] = []

    await negotiateApiVersions({
      address: { host: 'broker', port: 9092 },
      call(_api, request) {
        sent.push(request)
        return Promise.resolve({ errorCode: 0, apis: [] } as never)
      },
    })

    expect(sent).toEqual([{ softwareName: 'kannery', softwareVersion: manifest.version }])
  })
})

import type { Storage } from '@kannery/resources'
import { describe, expect, test } from 'vitest'
import { proxyNotice } from './proxy-notice.ts'

/** A Storage at a URL, as far as a notice looks at it. */
function storageAt(text: string): Storage {
  const url = new URL(text)
  const prefix = url.pathname.slice(1) || undefined
  const bucket = {
    bucket: url.host,
    prefix,
    endpoint: url.searchParams.get('endpoint') ?? undefined,
  }
  const specs: Readonly<Record<string, Storage['spec']>> = {
    's3:': { s3: bucket },
    'gs:': { gcsBucket: bucket },
    'file:': { folder: { path: url.pathname } },
    'https:': { azureContainer: { location: url.origin, container: 'container' } },
  }
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Storage',
    metadata: { name: 'main' },
    spec: specs[url.protocol] ?? {},
  }
}

const proxy = 'http://proxy:3128'

describe('the notice that a proxy is not used', () => {
  test.each([
    ['s3://bucket/prefix', { HTTPS_PROXY: proxy }, 'HTTPS_PROXY'],
    ['s3://bucket', { https_proxy: proxy }, 'https_proxy'],
    ['s3://bucket', { ALL_PROXY: proxy, NO_PROXY: 'localhost' }, 'ALL_PROXY'],
    ['s3://bucket?endpoint=http://minio:9000', { HTTP_PROXY: proxy }, 'HTTP_PROXY'],
  ])('%s with %j is said to be reached without the proxy', (url, environment, name) => {
    expect(proxyNotice(storageAt(url), 'write', environment)).toMatch(
      new RegExp(`^${name} is set, but s3://bucket.* is reached directly`),
    )
  })

  test.each([
    ['s3://bucket', {}],
    ['s3://bucket', { HTTPS_PROXY: '' }],
    ['s3://bucket', { HTTP_PROXY: proxy }],
    ['s3://bucket', { HTTPS_PROXY: proxy, NO_PROXY: '.amazonaws.com' }],
    ['s3://bucket', { HTTPS_PROXY: proxy, no_proxy: '*' }],
    [
      's3://bucket?endpoint=https://minio.local',
      { HTTPS_PROXY: proxy, NO_PROXY: 'a, minio.local' },
    ],
    ['gs://bucket', { HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: '1' }],
    ['file:///srv/backups', { HTTPS_PROXY: proxy }],
    ['https://account.blob.core.windows.net/container', { HTTPS_PROXY: proxy }],
  ])('%s with %j needs no notice', (url, environment) => {
    expect(proxyNotice(storageAt(url), 'write', environment)).toBeUndefined()
  })

  test('of Google Cloud Storage only uploads go without the proxy', () => {
    const storage = storageAt('gs://bucket/prefix')

    expect(proxyNotice(storage, 'read', { HTTPS_PROXY: proxy })).toBeUndefined()
    expect(proxyNotice(storage, 'write', { HTTPS_PROXY: proxy })).toBe(
      'HTTPS_PROXY is set, but uploads to gs://bucket/prefix go directly, without a proxy',
    )
  })
})

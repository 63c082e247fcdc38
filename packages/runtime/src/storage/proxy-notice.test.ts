import { expect, test } from 'vitest'
import { proxyNotice } from './proxy-notice.ts'

const proxy = 'http://proxy:3128'

test.each([
  ['s3://bucket/prefix', { HTTPS_PROXY: proxy }, 'HTTPS_PROXY'],
  ['s3://bucket', { https_proxy: proxy }, 'https_proxy'],
  ['s3://bucket', { ALL_PROXY: proxy, NO_PROXY: 'localhost' }, 'ALL_PROXY'],
  ['s3://bucket?endpoint=http://minio:9000', { HTTP_PROXY: proxy }, 'HTTP_PROXY'],
])('%s with %j is said to be reached without the proxy', (url, environment, name) => {
  expect(proxyNotice(new URL(url), 'write', environment)).toMatch(
    new RegExp(`^${name} is set, but s3://bucket.* is reached directly`),
  )
})

test.each([
  ['s3://bucket', {}],
  ['s3://bucket', { HTTPS_PROXY: '' }],
  ['s3://bucket', { HTTP_PROXY: proxy }],
  ['s3://bucket', { HTTPS_PROXY: proxy, NO_PROXY: '.amazonaws.com' }],
  ['s3://bucket', { HTTPS_PROXY: proxy, no_proxy: '*' }],
  ['s3://bucket?endpoint=https://minio.local', { HTTPS_PROXY: proxy, NO_PROXY: 'a, minio.local' }],
  ['gs://bucket', { HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: '1' }],
  ['file:///srv/backups', { HTTPS_PROXY: proxy }],
  ['https://account.blob.core.windows.net/container', { HTTPS_PROXY: proxy }],
])('%s with %j needs no notice', (url, environment) => {
  expect(proxyNotice(new URL(url), 'write', environment)).toBeUndefined()
})

test('of Google Cloud Storage only uploads go without the proxy', () => {
  const url = new URL('gs://bucket/prefix')

  expect(proxyNotice(url, 'read', { HTTPS_PROXY: proxy })).toBeUndefined()
  expect(proxyNotice(url, 'write', { HTTPS_PROXY: proxy })).toBe(
    'HTTPS_PROXY is set, but uploads to gs://bucket/prefix go directly, without a proxy',
  )
})

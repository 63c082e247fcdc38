import { expect, test } from 'vitest'
import { proxyNotice } from './proxy-notice.ts'

const proxy = 'http://proxy:3128'

test.each([
  ['s3://bucket/prefix', { HTTPS_PROXY: proxy }, 'HTTPS_PROXY'],
  ['s3://bucket', { https_proxy: proxy }, 'https_proxy'],
  ['s3://bucket', { ALL_PROXY: proxy, NO_PROXY: 'localhost' }, 'ALL_PROXY'],
  ['s3://bucket?endpoint=http://minio:9000', { HTTP_PROXY: proxy }, 'HTTP_PROXY'],
])('%s with %j is told to be reached without the proxy', (url, environment, name) => {
  expect(proxyNotice(new URL(url), environment)).toMatch(
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
  ['file:///srv/backups', { HTTPS_PROXY: proxy }],
  ['https://account.blob.core.windows.net/container', { HTTPS_PROXY: proxy }],
])('%s with %j needs no notice', (url, environment) => {
  expect(proxyNotice(new URL(url), environment)).toBeUndefined()
})

import { KanneryError } from '@kannery/storage'
import { expect, test } from 'vitest'
import { asKanneryError, describeError, describeStack, errorDocument } from './error-report.ts'

const held = new KanneryError('LEASE_HELD', 'resource already held by someone else', {
  why: 'topic "orders" is being written by "kannery-backup-0"\nsince 02:11:09',
  remedy: 'wait',
  facts: { topic: 'orders' },
})

test('an error says what happened, why, what to do, and its code', () => {
  expect(describeError(held)).toBe(
    [
      'storage error: resource already held by someone else',
      '  why       topic "orders" is being written by "kannery-backup-0"',
      '            since 02:11:09',
      '  what now  wait',
      '  code      LEASE_HELD (exit 32)',
    ].join('\n'),
  )
})

test('the same facts are fields of the JSON document', () => {
  expect(errorDocument(held).error).toMatchObject({
    code: 'LEASE_HELD',
    exitStatus: 32,
    facts: { topic: 'orders' },
  })
})

test('what nobody foresaw is an internal error and keeps its cause for --debug', () => {
  const cause = new TypeError('x is not a function')
  const error = asKanneryError(cause)

  expect(error.code).toBe('INTERNAL')
  expect(describeError(error)).toContain('error: unexpected error: x is not a function')
  expect(describeStack(error)).toContain('caused by: TypeError: x is not a function')
})

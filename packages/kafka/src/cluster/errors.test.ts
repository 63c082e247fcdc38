import { describe, expect, test } from 'vitest'
import { assertNoKafkaError, kafkaError } from './errors.ts'

describe("Kafka's error numbers", () => {
  test('become errors that name topic and partition', () => {
    expect(kafkaError(6, { api: 'Fetch', topic: 'orders', partition: 3 })).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      retry: 'after-refresh',
      message: 'NOT_LEADER_OR_FOLLOWER: partition 3 of topic "orders"',
      facts: { kafkaError: 'NOT_LEADER_OR_FOLLOWER', api: 'Fetch', topic: 'orders', partition: 3 },
    })
  })

  test('of missing permissions name the operation and the resource that it is missing on', () => {
    const error = kafkaError(29, { api: 'Fetch', operation: 'Read', topic: 'orders' })
    expect(error).toMatchObject({
      code: 'KAFKA_DENIED',
      retry: 'never',
      message: 'not allowed: Read on topic "orders"',
      remedy: 'Give this user the operation Read on topic "orders".',
      advice: {
        id: 'allow-operation',
        operation: 'Read',
        resource: { kind: 'topic', name: 'orders' },
      },
    })
  })

  test.each([
    [30, { group: 'g' }, 'group "g"'],
    [31, {}, 'the cluster'],
    [53, {}, 'the transactional id'],
  ])('%i is about %j', (number, facts, resource) => {
    const error = kafkaError(number, { api: 'X', operation: 'Describe', ...facts })
    expect(error.message).toBe(`not allowed: Describe on ${resource}`)
  })

  test("become errors with the broker's own message", () => {
    expect(kafkaError(87, { api: 'Produce', detail: 'too odd' }).why).toMatch(/\(too odd\)$/)
  })

  test('that are unknown are shown as they are', () => {
    expect(kafkaError(9999, { api: 'Fetch' })).toMatchObject({
      code: 'KAFKA_PROTOCOL',
      message: 'error 9999',
    })
  })

  test.each([3, 5, 6, 9, 56, 74, 75, 78, 100, 103])(
    'with number %i pass: the cluster is worth asking again',
    (number) => {
      expect(kafkaError(number, { api: 'Fetch' }).retry).not.toBe('never')
    },
  )

  test('0 is no error', () => {
    expect(() => assertNoKafkaError(0, { api: 'Fetch' })).not.toThrow()
  })
})

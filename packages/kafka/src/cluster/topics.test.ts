import { KanneryError } from '@kannery/storage'
import { TestClock } from '@kannery/storage-testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import { createTopicsApi } from '../protocol/apis/create-topics.ts'
import { describeConfigsApi } from '../protocol/apis/describe-configs.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { BrokerRouter } from './broker-router.ts'
import type { TopicMetadata } from './metadata.ts'
import { isTransient, retrying } from './retry.ts'
import { createTopic, type NewTopic } from './topics.ts'

const wanted: NewTopic = {
  name: 'orders',
  partitions: 2,
  replicationFactor: -1,
  config: { 'segment.ms': '7' },
}

/** What the controller does with one CreateTopics, and what the client sees of it. */
type Outcome = 'created' | 'created, answer lost' | 'answer lost' | 'in use' | 'policy'

/** A cluster of one broker that creates topics, and follows a script. */
class ScriptedController {
  readonly clock = new TestClock()
  readonly outcomes: Outcome[] = []
  requests = 0
  /** The topic that exists; undefined before one was created. */
  existing: Pick<NewTopic, 'partitions' | 'config'> | undefined
  isLed = true
  isReachable = true
  mayDescribeConfigs = true

  get asRouter(): BrokerRouter {
    const { clock } = this
    const connection = {
      call: async (api: unknown) => {
        if (api === createTopicsApi) return this.#create()
        if (api === describeConfigsApi) return this.#describeConfigs()
        throw new Error('this request is not scripted')
      },
    }
    const router: unknown = {
      requestTimeoutMs: 1000,
      toAny: async () => connection,
      toController: async () => {
        if (!this.isReachable) throw answerLost()
        return connection
      },
      describeTopic: async () => this.#describe(),
      retrying: <T>(attempt: () => Promise<T>, mayRetry = isTransient) =>
        retrying({ clock, patienceMs: 2000, mayRetry }, attempt),
    }
    return router as BrokerRouter
  }

  #create(): unknown {
    const outcome = this.outcomes[this.requests] ?? 'created'
    this.requests += 1
    const answer = (errorCode: number): unknown => ({
      throttleTimeMs: 0,
      topics: [{ name: wanted.name, errorCode, errorMessage: null, configs: [] }],
    })
    if (outcome === 'policy') return answer(errorNumbers.POLICY_VIOLATION)
    if (outcome === 'answer lost') throw answerLost()
    if (this.existing !== undefined || outcome === 'in use') {
      return answer(errorNumbers.TOPIC_ALREADY_EXISTS)
    }
    this.existing = wanted
    if (outcome === 'created, answer lost') throw answerLost()
    return answer(errorNumbers.NONE)
  }

  #describeConfigs(): unknown {
    const configs = Object.entries(this.existing?.config ?? {}).map(([name, value]) => ({
      name,
      value,
      source: 1,
    }))
    const errorCode = this.mayDescribeConfigs
      ? errorNumbers.NONE
      : errorNumbers.TOPIC_AUTHORIZATION_FAILED
    return { results: [{ errorCode, errorMessage: null, configs }] }
  }

  #describe(): TopicMetadata {
    const leader = this.isLed ? 1 : undefined
    const partitions = Array.from({ length: this.existing?.partitions ?? 0 }, (_, partition) => ({
      partition,
      leader,
      leaderEpoch: 0,
      replicas: [1],
      isr: [1],
    }))
    const topicIdBytes = new Uint8Array(16)
    return { name: wanted.name, topicId: 'id', topicIdBytes, internal: false, partitions }
  }
}

function answerLost(): KanneryError {
  return new KanneryError('KAFKA_UNREACHABLE', 'the connection was closed', {
    retry: 'after-refresh',
  })
}

let controller: ScriptedController
beforeEach(() => {
  controller = new ScriptedController()
})

function create(...outcomes: readonly Outcome[]): Promise<TopicMetadata> {
  controller.outcomes.push(...outcomes)
  return controller.clock.passUntil(createTopic(controller.asRouter, wanted))
}

const perhapsCreated = 'topic "orders" was perhaps created: the answer was lost'

describe('the creation of a topic whose answer is lost', () => {
  test('succeeds if the topic was created all the same', async () => {
    expect((await create('created, answer lost')).partitions).toHaveLength(2)
    expect(controller.requests).toBe(2)
  })

  test('succeeds if the topic was not created: the request is repeated', async () => {
    expect((await create('answer lost', 'answer lost', 'created')).partitions).toHaveLength(2)
    expect(controller.requests).toBe(3)
  })

  test.each([
    ['other partitions', { partitions: 3, config: wanted.config }],
    ['another setting', { partitions: 2, config: { 'segment.ms': '8' } }],
    ['no settings', { partitions: 2, config: {} }],
  ])('fails if a topic with %s exists then', async (_name, existing) => {
    controller.existing = existing
    await expect(create('answer lost')).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_NOT_EMPTY',
      message: perhapsCreated,
      why: expect.stringContaining('exists already'),
    })
  })

  test('fails if this user may not see whether the topic is as it was asked for', async () => {
    controller.mayDescribeConfigs = false
    await expect(create('created, answer lost')).rejects.toMatchObject({ message: perhapsCreated })
  })

  test('reports that the topic was perhaps created if no answer ever comes', async () => {
    await expect(create(...Array<Outcome>(100).fill('answer lost'))).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: perhapsCreated,
      remedy: 'Check whether the topic exists, delete it if so, and try again.',
    })
  })
})

describe('the creation of a topic that is never requested', () => {
  test('fails as every call does if no controller can be reached', async () => {
    controller.isReachable = false
    await expect(create()).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'the connection was closed',
    })
    expect(controller.requests).toBe(0)
  })
})

describe('the creation of a topic that is answered', () => {
  test.each([
    ['in use', 'TOPIC_ALREADY_EXISTS'],
    ['policy', 'POLICY_VIOLATION'],
  ] as const)('fails without a second request if it is refused (%s)', async (outcome, name) => {
    await expect(create(outcome)).rejects.toMatchObject({
      message: expect.not.stringContaining('created'),
      facts: { kafkaError: name },
    })
    expect(controller.requests).toBe(1)
  })

  test('reports that the topic exists if it gets no leaders', async () => {
    controller.isLed = false
    await expect(create('created')).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'topic "orders" was created, but has no leaders',
      why: expect.stringContaining('LEADER_NOT_AVAILABLE'),
    })
  })
})

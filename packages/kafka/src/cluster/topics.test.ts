import { errorCodes, KanneryError } from '@kannery/storage'
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
type Outcome =
  | 'created'
  | 'created, answer lost'
  | 'created, broker failed'
  | 'created, no entry'
  | 'created, not controller'
  | 'answer lost'
  | 'in use'
  | 'policy'
  | 'quota'

/** A topic that exists. */
type Existing = Pick<NewTopic, 'partitions' | 'config'> & { readonly replicas: readonly number[] }

/** A cluster of one broker that creates topics, and follows a script. */
class ScriptedController {
  readonly clock = new TestClock()
  readonly outcomes: Outcome[] = []
  requests = 0
  /** The topic that exists; undefined before one was created. */
  existing: Existing | undefined
  isLed = true
  /** Why the topic cannot be described; undefined if it can. */
  describeError: KanneryError | undefined
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
    if (outcome === 'quota') return answer(errorNumbers.THROTTLING_QUOTA_EXCEEDED)
    if (outcome === 'answer lost') throw answerLost()
    if (this.existing !== undefined || outcome === 'in use') {
      return answer(errorNumbers.TOPIC_ALREADY_EXISTS)
    }
    this.existing = { ...wanted, replicas: [1] }
    if (outcome === 'created, answer lost') throw answerLost()
    if (outcome === 'created, broker failed') return answer(errorNumbers.UNKNOWN_SERVER_ERROR)
    if (outcome === 'created, no entry') return { throttleTimeMs: 0, topics: [] }
    if (outcome === 'created, not controller') return answer(errorNumbers.NOT_CONTROLLER)
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
    if (this.describeError !== undefined) throw this.describeError
    const leader = this.isLed ? 1 : undefined
    const partitions = Array.from({ length: this.existing?.partitions ?? 0 }, (_, partition) => ({
      partition,
      leader,
      leaderEpoch: 0,
      replicas: this.existing?.replicas ?? [],
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
  return createAs(wanted, ...outcomes)
}

function createAs(topic: NewTopic, ...outcomes: readonly Outcome[]): Promise<TopicMetadata> {
  controller.outcomes.push(...outcomes)
  return controller.clock.passUntil(createTopic(controller.asRouter, topic))
}

const perhapsCreated = {
  message: 'topic "orders" was perhaps created',
  remedy: 'Try again. If a topic of this name is in the way, delete it only if it is empty.',
}

describe('the creation of a topic whose answer is lost', () => {
  test('succeeds if the topic was created all the same', async () => {
    expect((await create('created, answer lost')).partitions).toHaveLength(2)
    expect(controller.requests).toBe(2)
  })

  test('succeeds if the topic was not created: the request is repeated', async () => {
    expect((await create('answer lost', 'answer lost', 'created')).partitions).toHaveLength(2)
    expect(controller.requests).toBe(3)
  })

  test.each<[string, Partial<Existing>]>([
    ['more partitions', { partitions: 3 }],
    ['another setting', { config: { 'segment.ms': '8' } }],
    ['no settings', { config: {} }],
    ['fewer replicas', { replicas: [1] }],
  ])('fails if a topic with %s exists then, which is another one', async (_name, difference) => {
    controller.existing = { ...wanted, replicas: [1, 2, 3], ...difference }
    await expect(
      createAs({ ...wanted, replicationFactor: 3 }, 'answer lost'),
    ).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_NOT_EMPTY',
      message: 'TOPIC_ALREADY_EXISTS: topic "orders"',
      why: 'another topic has this name already: its partitions, replicas or settings are not those that were asked for',
      remedy: errorCodes.KAFKA_TOPIC_NOT_EMPTY.remedy,
    })
  })

  test.each<[string, Partial<Existing>]>([
    ['fewer partitions', { partitions: 1 }],
    ['further settings', { config: { ...wanted.config, 'flush.ms': '9' } }],
  ])('fails if a topic with %s exists then, which may be this one', async (_name, difference) => {
    controller.existing = { ...wanted, replicas: [1], ...difference }
    await expect(create('answer lost')).rejects.toMatchObject({
      ...perhapsCreated,
      code: 'KAFKA_TOPIC_NOT_EMPTY',
      why: expect.stringContaining('exists already'),
    })
  })

  test('fails if this user may not see whether the topic is as it was asked for', async () => {
    controller.mayDescribeConfigs = false
    await expect(create('created, answer lost')).rejects.toMatchObject(perhapsCreated)
  })

  test('reports that the topic was perhaps created if no answer ever comes', async () => {
    await expect(create(...Array<Outcome>(100).fill('answer lost'))).rejects.toMatchObject({
      ...perhapsCreated,
      code: 'KAFKA_UNREACHABLE',
    })
  })
})

describe('the creation of a topic whose answer leaves the outcome unknown', () => {
  test.each([
    ['created, broker failed', 'UNKNOWN_SERVER_ERROR'],
    ['created, no entry', 'CreateTopics answered 0 entries for one'],
  ] as const)('reports that the topic was perhaps created (%s)', async (outcome, why) => {
    await expect(create(outcome)).rejects.toMatchObject({
      ...perhapsCreated,
      code: 'KAFKA_PROTOCOL',
      why: expect.stringContaining(why),
    })
  })

  test('succeeds if a controller that resigns has created the topic', async () => {
    expect((await create('created, not controller')).partitions).toHaveLength(2)
    expect(controller.requests).toBe(2)
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

  test('fails as refused if the topic exists once a quota allows the request', async () => {
    controller.existing = { ...wanted, replicas: [1] }
    await expect(create('quota')).rejects.toMatchObject({
      message: 'TOPIC_ALREADY_EXISTS: topic "orders"',
    })
    expect(controller.requests).toBe(2)
  })

  test('reports that the topic exists if it gets no leaders', async () => {
    controller.isLed = false
    await expect(create('created')).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'topic "orders" was created, but is not ready',
      why: expect.stringContaining('LEADER_NOT_AVAILABLE'),
      remedy: 'Check the health of the cluster: its brokers, disks and replicas.',
    })
  })

  test('keeps the remedy of the error if it cannot be seen whether the topic is ready', async () => {
    const resource = { kind: 'topic', name: 'orders' } as const
    const advice = { id: 'allow-operation', operation: 'Describe', resource } as const
    const remedy = 'Give this user the operation Describe on topic "orders".'
    controller.describeError = new KanneryError('KAFKA_DENIED', 'not allowed', { remedy, advice })
    await expect(create('created')).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: 'topic "orders" was created, but is not ready',
      why: 'not allowed',
      remedy,
      advice,
    })
  })
})

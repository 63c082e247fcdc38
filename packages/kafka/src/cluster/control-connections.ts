import { type Clock, KanneryError, type Random } from '@kannery/storage'
import {
  formatHostPort,
  type HostPort,
  type KafkaConnectionOptions,
} from '../configuration/connection-options.ts'
import { BrokerConnection } from '../transport/broker-connection.ts'
import type { Broker } from './metadata.ts'
import { SharedConnections } from './shared-connections.ts'

export interface ControlConnectionsOptions {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly random: Random
}

/**
 * One connection per broker for requests that are answered at once, opened when first needed and
 * again when broken.
 */
export class ControlConnections implements AsyncDisposable {
  readonly #options: ControlConnectionsOptions
  readonly #shared = new SharedConnections()
  #brokers: ReadonlyMap<number, Broker> = new Map()

  constructor(options: ControlConnectionsOptions) {
    this.#options = options
  }

  /** The brokers by the latest metadata. */
  get brokers(): ReadonlyMap<number, Broker> {
    return this.#brokers
  }

  update(brokers: ReadonlyMap<number, Broker>): void {
    this.#brokers = brokers
  }

  /**
   * A control connection to that very broker. Undefined when the latest metadata does not know it.
   */
  async to(brokerId: number): Promise<BrokerConnection | undefined> {
    const broker = this.#brokers.get(brokerId)
    return broker === undefined ? undefined : this.#sharedTo(broker)
  }

  /**
   * A control connection to any broker that answers: known brokers first, then the bootstrap
   * servers. One whose connection broke comes last: it may be a broker that accepts connections and
   * answers nothing.
   */
  async toAny(): Promise<BrokerConnection> {
    const failures: KanneryError[] = []
    for (const address of this.#candidates()) {
      try {
        return await this.#sharedTo(address)
      } catch (error) {
        // A wrong password is wrong everywhere, and trying it on every broker can lock the account.
        if (!KanneryError.is(error, 'KAFKA_UNREACHABLE')) throw error
        failures.push(error)
      }
    }
    throw noBrokerAnswers(failures)
  }

  /** A connection of its own for the caller, who disposes it. */
  async openFresh(broker: Broker): Promise<BrokerConnection> {
    try {
      return await this.#open(broker)
    } catch (error) {
      throw this.#explainAdvertised(broker, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shared[Symbol.asyncDispose]()
  }

  async #sharedTo(address: HostPort): Promise<BrokerConnection> {
    try {
      return await this.#shared.get(formatHostPort(address), () => this.#open(address))
    } catch (error) {
      throw this.#explainAdvertised(address, error)
    }
  }

  #open(address: HostPort): Promise<BrokerConnection> {
    const { connection, clock, random } = this.#options
    return BrokerConnection.open(address, { ...connection, clock, random })
  }

  #candidates(): readonly HostPort[] {
    const seen = new Map<string, HostPort>()
    for (const address of [
      ...this.#brokers.values(),
      ...this.#options.connection.bootstrapServers,
    ]) {
      const key = formatHostPort(address)
      if (!seen.has(key)) seen.set(key, address)
    }
    const byState = Map.groupBy(seen.entries(), ([key]) => this.#shared.stateOf(key))
    return preference.flatMap((state) => (byState.get(state) ?? []).map(([, address]) => address))
  }

  /**
   * The classic trap: the bootstrap server answers, and sends us to an address that only works
   * inside its own network.
   */
  #explainAdvertised(address: HostPort, error: unknown): unknown {
    const key = formatHostPort(address)
    const bootstrap = this.#options.connection.bootstrapServers.map(formatHostPort)
    if (!KanneryError.is(error, 'KAFKA_UNREACHABLE') || bootstrap.includes(key)) return error
    return new KanneryError('KAFKA_UNREACHABLE', error.message, {
      retry: error.retry,
      why: `${error.why}; ${bootstrap.join(', ')} told us that a broker of the cluster is at ${key}`,
      remedy: `Check that ${key} can be reached from here; if not, correct advertised.listeners of the broker.`,
      facts: error.facts,
      cause: error,
    })
  }
}

/**
 * An address whose connection could not be opened is as one that was never tried: by then another
 * one is open.
 */
const preference = ['open', 'none', 'broken'] as const

function noBrokerAnswers(failures: readonly KanneryError[]): KanneryError {
  const [only, ...others] = failures
  if (only !== undefined && others.length === 0) return only
  return new KanneryError('KAFKA_UNREACHABLE', 'no Kafka broker answers', {
    retry: 'after-refresh',
    why: failures
      .map(({ message, why }) => (why === undefined ? message : `${message}: ${why}`))
      .join('; '),
    facts: { brokers: failures.length },
    cause: only,
  })
}

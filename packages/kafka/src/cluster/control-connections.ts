import { type Clock, KanneryError, type Random } from '@kannery/storage'
import {
  formatHostPort,
  type HostPort,
  type KafkaConnectionOptions,
} from '../configuration/connection-options.ts'
import { BrokerConnection } from '../transport/broker-connection.ts'
import { fullReason } from './errors.ts'
import type { Broker } from './metadata.ts'
import { SharedConnections } from './shared-connections.ts'

/** How to connect to the brokers of a cluster. */
interface ControlConnectionsOptions {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly random: Random
}

/**
 * Keeps one connection per broker for requests that are answered at once. Each is opened when it is
 * first needed, and again after it broke.
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

  /** Sets the brokers that new metadata lists. */
  update(brokers: ReadonlyMap<number, Broker>): void {
    this.#brokers = brokers
  }

  /**
   * Returns the control connection to one broker; undefined when the latest metadata does not list
   * it.
   */
  async to(brokerId: number): Promise<BrokerConnection | undefined> {
    const broker = this.#brokers.get(brokerId)
    return broker === undefined ? undefined : this.#sharedTo(broker)
  }

  /**
   * Returns a control connection to any broker that answers: known brokers are tried first, then
   * the bootstrap servers. One whose connection broke is tried last: it may be a broker that
   * accepts connections and answers nothing.
   *
   * @throws KAFKA_UNREACHABLE with the reasons of all that were tried; any other error of the first
   *   broker that has one.
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

  /** Opens a new connection. The caller disposes of it. */
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
   * Adds to an error that the cluster itself named an address that cannot be reached: the bootstrap
   * server answers, but advertises an address that works only inside its own network.
   */
  #explainAdvertised(address: HostPort, error: unknown): unknown {
    const key = formatHostPort(address)
    const bootstrap = this.#options.connection.bootstrapServers.map(formatHostPort)
    if (!KanneryError.is(error, 'KAFKA_UNREACHABLE') || bootstrap.includes(key)) return error
    return new KanneryError('KAFKA_UNREACHABLE', error.message, {
      retry: error.retry,
      why: `${error.why}; ${bootstrap.join(', ')} named ${key} as the address of a broker of the cluster`,
      remedy: `Check that ${key} can be reached from here; if not, correct advertised.listeners of the broker.`,
      facts: error.facts,
      cause: error,
    })
  }
}

/**
 * The order in which addresses are tried. One whose connection could not be opened counts as one
 * that was never tried: by then another connection is open.
 */
const preference = ['open', 'none', 'broken'] as const

function noBrokerAnswers(failures: readonly KanneryError[]): KanneryError {
  const [only, ...others] = failures
  if (only !== undefined && others.length === 0) return only
  return new KanneryError('KAFKA_UNREACHABLE', 'no Kafka broker answers', {
    retry: 'after-refresh',
    why: failures.map(fullReason).join('; '),
    facts: { brokers: failures.length },
    cause: only,
  })
}

import type { BrokerConnection } from '../transport/broker-connection.ts'

interface Slot {
  readonly opening: Promise<BrokerConnection>
  /** Set when the connection is open. */
  connection?: BrokerConnection
}

/**
 * Keeps connections that many callers share, by name. Each is opened when it is first asked for,
 * and again after it broke, once for all callers.
 */
export class SharedConnections implements AsyncDisposable {
  readonly #slots = new Map<string, Slot>()
  #disposed = false

  /**
   * Returns the connection of that name. All callers that wait for one connection wait for the same
   * promise: they continue in the order of their calls, and when it cannot be opened, all fail. The
   * next call tries again.
   */
  get(name: string, open: () => Promise<BrokerConnection>): Promise<BrokerConnection> {
    const known = this.#slots.get(name)
    if (known !== undefined && known.connection?.usable !== false) return known.opening
    const slot: Slot = { opening: this.#open(open) }
    this.#slots.set(name, slot)
    slot.opening.then(
      (connection) => {
        slot.connection = connection
      },
      () => {
        if (this.#slots.get(name) === slot) this.#slots.delete(name)
      },
    )
    return slot.opening
  }

  /**
   * Returns whether the connection of that name is open (or being opened), was never asked for, or
   * broke.
   */
  stateOf(name: string): 'open' | 'none' | 'broken' {
    const known = this.#slots.get(name)
    if (known === undefined) return 'none'
    return known.connection?.usable === false ? 'broken' : 'open'
  }

  /**
   * Closes all connections. One that is asked for later is closed as soon as it is open, and
   * refuses requests.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const slots = [...this.#slots.values()]
    this.#slots.clear()
    await Promise.all(slots.map(closeWhenOpen))
  }

  async #open(open: () => Promise<BrokerConnection>): Promise<BrokerConnection> {
    const connection = await open()
    if (this.#disposed) await connection[Symbol.asyncDispose]()
    return connection
  }
}

async function closeWhenOpen({ opening }: Slot): Promise<void> {
  const connection = await opening.catch(() => undefined)
  await connection?.[Symbol.asyncDispose]()
}

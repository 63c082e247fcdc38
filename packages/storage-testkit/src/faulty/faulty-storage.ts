import type {
  CallOptions,
  Clock,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  KeyPrefix,
  ListEntry,
  ListOptions,
  ObjectKey,
  ObjectReader,
  ObjectWriter,
  PutOptions,
  StorageBackend,
  StorageCapabilities,
  StoredObject,
  SweepOptions,
  WriterOptions,
} from '@kannery/storage'
import {
  type CalledOperation,
  denied,
  type Fault,
  type StorageCall,
  throttled,
  unavailable,
} from './fault.ts'
import { FaultPlan } from './fault-plan.ts'

/**
 * A storage whose calls fail as planned in {@link faults}, around another storage that keeps the
 * objects. It is one client: others may use the same storage with other faults or none.
 */
export class FaultyStorage implements StorageBackend {
  /** Faults that calls are to have, and the calls so far. It begins without rules. */
  readonly faults: FaultPlan = new FaultPlan()
  readonly #inner: StorageBackend
  readonly #clock: Clock

  constructor(inner: StorageBackend, options: { readonly clock: Clock }) {
    this.#inner = inner
    this.#clock = options.clock
  }

  get type(): string {
    return this.#inner.type
  }

  get location(): string | undefined {
    return this.#inner.location
  }

  get capabilities(): StorageCapabilities {
    return this.#inner.capabilities
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    return await this.#call('head', key, options.signal, () => this.#inner.head(key))
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const { call, fault } = this.faults.next('get', key)
    if (fault?.kind !== 'truncate') {
      return await this.#applied(call, fault, options.signal, () => this.#inner.get(key, options))
    }
    options.signal?.throwIfAborted()
    const reader = await this.#inner.get(key, options)
    return {
      info: reader.info,
      body: truncated(reader.body, call, fault),
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    const { signal, ...others } = options
    // A request that comes late carries what was in it when it was sent.
    const sent = Uint8Array.from(body)
    return await this.#call('put', key, signal, () => this.#inner.put(key, sent, others))
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const { signal } = options
    const writer = await this.#call('openWriter', key, signal, () =>
      this.#inner.openWriter(key, options),
    )
    let open = true
    return {
      write: (chunk) => this.#call('write', key, signal, () => writer.write(chunk)),
      commit: () => {
        open = false
        return this.#call('commit', key, signal, () => writer.commit())
      },
      // A commit that is still on its way is not called back.
      [Symbol.asyncDispose]: async () => {
        if (open) await writer[Symbol.asyncDispose]()
      },
    }
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    const { call, fault } = this.faults.next('list', prefix)
    if (fault?.kind === 'truncate') {
      yield* truncated(this.#inner.list(prefix, options), call, fault)
      return
    }
    await this.#applied(call, fault, options.signal, async () => undefined)
    yield* this.#inner.list(prefix, options)
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { signal, ...others } = options
    await this.#call('delete', key, signal, () => this.#inner.delete(key, others))
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    const { call, fault } = this.faults.next('deleteMany', '')
    if (fault?.kind === 'deny') {
      for await (const key of keys) yield { key, error: denied(call) }
      return
    }
    const results: DeleteResult[] = []
    await this.#applied(call, fault, options.signal, async () => {
      for await (const result of this.#inner.deleteMany(keys)) results.push(result)
    })
    yield* results
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    return await this.#call('sweepUnfinished', prefix, options.signal, () =>
      this.#inner.sweepUnfinished(prefix, options),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #call<T>(
    operation: CalledOperation,
    key: string,
    signal: AbortSignal | undefined,
    apply: () => Promise<T>,
  ): Promise<T> {
    const { call, fault } = this.faults.next(operation, key)
    return await this.#applied(call, fault, signal, apply)
  }

  async #applied<T>(
    call: StorageCall,
    fault: Fault | undefined,
    signal: AbortSignal | undefined,
    apply: () => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    switch (fault?.kind) {
      case undefined:
      case 'truncate':
        return await apply()
      case 'fail':
        throw fault.error ?? unavailable(call)
      case 'throttle':
        throw throttled(call, fault.retryAfterMs)
      case 'deny':
        throw denied(call)
      case 'lose-answer':
        await settled(apply())
        throw unavailable(call)
      case 'arrive-late':
        void settled(this.#clock.sleep(fault.milliseconds).then(apply))
        throw unavailable(call)
      case 'delay':
        return await unlessAborted(signal, this.#clock.sleep(fault.milliseconds).then(apply))
      case 'answer-late':
        return await unlessAborted(signal, this.#late(apply, fault.milliseconds))
      case 'repeat':
        return await repeated(apply, fault.answer)
      case 'hang':
        if (fault.applied) await settled(apply())
        return await unlessAborted(signal, new Promise<never>(() => undefined))
    }
  }

  async #late<T>(apply: () => Promise<T>, milliseconds: number): Promise<T> {
    const [answer] = await Promise.allSettled([apply()])
    await this.#clock.sleep(milliseconds)
    return answerOf(answer)
  }
}

async function repeated<T>(apply: () => Promise<T>, answer: 'first' | 'second'): Promise<T> {
  const [first] = await Promise.allSettled([apply()])
  const [second] = await Promise.allSettled([apply()])
  return answerOf(answer === 'first' ? first : second)
}

function answerOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise])
}

/** Rejects when the caller aborts; the request that was sent is not stopped by that. */
async function unlessAborted<T>(signal: AbortSignal | undefined, answer: Promise<T>): Promise<T> {
  if (signal === undefined) return await answer
  const { promise, reject } = Promise.withResolvers<never>()
  const leave = (): void => {
    reject(signal.reason)
  }
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

async function* truncated<T>(
  source: AsyncIterable<T>,
  call: StorageCall,
  fault: Fault & { readonly kind: 'truncate' },
): AsyncGenerator<T> {
  let left = fault.after
  for await (const piece of source) {
    const size = piece instanceof Uint8Array ? piece.byteLength : 1
    if (size > left) {
      if (piece instanceof Uint8Array && left > 0) yield piece.subarray(0, left) as typeof piece
      break
    }
    left -= size
    yield piece
  }
  if (fault.end === 'error') throw unavailable(call)
}

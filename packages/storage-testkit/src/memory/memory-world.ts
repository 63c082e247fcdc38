import {
  type Clock,
  compareKeys,
  type ObjectKey,
  type ObjectVersion,
  type StorageCapabilities,
  type StoredObject,
  type WriteCondition,
} from '@kannery/storage'
import { alreadyExists, preconditionFailed, throttled } from './errors.ts'

/** An object of the memory. */
export interface MemoryObject {
  readonly info: StoredObject
  readonly bytes: Uint8Array
}

/** An upload that was begun and has not ended. */
export interface Upload {
  readonly key: ObjectKey
  readonly startedAtMs: number
}

/** The clock of a memory, and how its answers report the time. */
export interface MemoryTimes {
  /** Clock of the storage. */
  readonly clock: Clock
  /** Number of milliseconds that `lastModified` is a multiple of. */
  readonly stepMs: number
  /** Whether answers state the time of the storage (`answeredAt`). */
  readonly reportsTime: boolean
}

/** The objects that all handles share. Every change is one step: no handle sees it half done. */
export class MemoryWorld {
  readonly clock: Clock
  readonly capabilities: StorageCapabilities
  readonly uploads: Set<Upload> = new Set()
  readonly #objects = new Map<ObjectKey, MemoryObject>()
  readonly #deleted = new Set<ObjectKey>()
  readonly #writtenAtMs = new Map<ObjectKey, number>()
  readonly #times: MemoryTimes
  #writes = 0

  constructor(times: MemoryTimes, capabilities: StorageCapabilities) {
    this.clock = times.clock
    this.capabilities = capabilities
    this.#times = times
  }

  find(key: ObjectKey): MemoryObject | undefined {
    return this.#objects.get(key)
  }

  /** Returns what an answer that is given now states about an object. */
  answer(info: StoredObject): StoredObject {
    return this.#times.reportsTime ? { ...info, answeredAt: this.#reportedTime() } : info
  }

  keys(): ObjectKey[] {
    const keys = [...this.#objects.keys()]
    // A caller that relies on an order that was not promised is meant to fail.
    if (!this.capabilities.orderedList) return keys.reverse()
    return keys.sort(compareKeys)
  }

  /** Stores `bytes` without a copy: they must not change afterwards. */
  store(key: ObjectKey, bytes: Uint8Array, condition: WriteCondition): StoredObject {
    this.#judge(key, condition)
    this.#assertNotTooOften(key)
    this.#writes++
    const info: StoredObject = {
      key,
      size: bytes.byteLength,
      // A version is never used again, also not for the same bytes after a deletion.
      version: `v${this.#writes}` as ObjectVersion,
      lastModified: this.#reportedTime(),
    }
    this.#objects.set(key, { info, bytes })
    this.#deleted.delete(key)
    return this.answer(info)
  }

  remove(key: ObjectKey, ifVersion: ObjectVersion | undefined): void {
    const present = this.#objects.get(key)
    if (present === undefined) return
    if (ifVersion !== undefined && present.info.version !== ifVersion) throw preconditionFailed(key)
    this.#objects.delete(key)
    this.#deleted.add(key)
  }

  #reportedTime(): Date {
    const nowMs = this.clock.now()
    return new Date(nowMs - (nowMs % this.#times.stepMs))
  }

  #judge(key: ObjectKey, condition: WriteCondition): void {
    const present = this.#objects.get(key)
    const leavesMarker = !this.capabilities.ifAbsentAfterDelete && this.#deleted.has(key)
    if (condition.kind === 'if-absent' && (present !== undefined || leavesMarker)) {
      throw alreadyExists(key)
    }
    if (condition.kind === 'if-version' && present?.info.version !== condition.version) {
      throw preconditionFailed(key)
    }
  }

  #assertNotTooOften(key: ObjectKey): void {
    const nowMs = this.clock.monotonic()
    const passedMs = nowMs - (this.#writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY)
    const missingMs = this.capabilities.minRewriteIntervalMs - passedMs
    if (missingMs > 0) throw throttled(key, missingMs)
    this.#writtenAtMs.set(key, nowMs)
  }
}

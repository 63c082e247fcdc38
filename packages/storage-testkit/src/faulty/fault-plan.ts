import type { SeededRandom } from '../world/seeded-random.ts'
import type { CalledOperation, Fault, FaultRule, StorageCall } from './fault.ts'

/** The faults that one handle of a storage is to have, and the calls that it had so far. */
export class FaultPlan {
  /** All calls of the handle so far, in order, also those that failed. */
  readonly calls: StorageCall[] = []
  readonly #counts = new Map<CalledOperation, number>()
  #rules: FaultRule[] = []

  /**
   * Adds a rule. Rules are asked in the order in which they were added, until one names a fault.
   */
  onCall(rule: FaultRule): void {
    this.#rules.push(rule)
  }

  /** Removes all rules: calls have no faults from now on. */
  clear(): void {
    this.#rules = []
  }

  /** Counts the call, and returns the fault that it is to have. */
  next(operation: CalledOperation, key: string): { call: StorageCall; fault: Fault | undefined } {
    const nth = (this.#counts.get(operation) ?? 0) + 1
    this.#counts.set(operation, nth)
    const call: StorageCall = { operation, key, nth }
    this.calls.push(call)
    for (const rule of this.#rules) {
      const fault = rule(call)
      if (fault !== undefined) return { call, fault }
    }
    return { call, fault: undefined }
  }
}

/** A call that {@link atCall} plans a fault for. */
export interface NamedCall {
  /** Operation of the call. */
  readonly operation: CalledOperation
  /** Key or prefix of the call. Defaults to any key. */
  readonly key?: string | undefined
  /** Position among the matching calls since the rule was made, counted from 1. Defaults to 1. */
  readonly nth?: number | undefined
}

/** Returns a rule that gives a fault to one call. Later calls that match have none. */
export function atCall(named: NamedCall, fault: Fault): FaultRule {
  let left = named.nth ?? 1
  return (call) => {
    if (call.operation !== named.operation) return undefined
    if (named.key !== undefined && call.key !== named.key) return undefined
    left--
    return left === 0 ? fault : undefined
  }
}

/** Options of {@link seededFaults}. */
export interface SeededFaultsOptions {
  /** Probability that a call has a fault, from 0 to 1. */
  readonly probability: number
  /** Longest delay of a request or answer, and longest pause of throttling, in milliseconds. */
  readonly longestDelayMs: number
  /** Kinds of faults. Defaults to all kinds that suit the operation; `hang` suits none. */
  readonly kinds?: readonly Fault['kind'][] | undefined
}

/**
 * Returns a rule that draws faults at random: the same seed and the same calls give the same
 * faults. Calls have only faults that suit their operation.
 */
export function seededFaults(random: SeededRandom, options: SeededFaultsOptions): FaultRule {
  return ({ operation }) => {
    if (!random.chance(options.probability)) return undefined
    const kinds = suiting(operation).filter((kind) => options.kinds?.includes(kind) ?? true)
    if (kinds.length === 0) return undefined
    return draw(random.pick(kinds), random, options.longestDelayMs)
  }
}

const forAll: readonly Fault['kind'][] = ['fail', 'lose-answer', 'delay', 'answer-late', 'throttle']

function suiting(operation: CalledOperation): readonly Fault['kind'][] {
  switch (operation) {
    case 'put':
      return [...forAll, 'arrive-late', 'repeat']
    case 'delete':
      return [...forAll, 'arrive-late', 'repeat', 'deny']
    case 'deleteMany':
      return [...forAll, 'deny']
    case 'commit':
      return [...forAll, 'arrive-late']
    case 'get':
    case 'list':
      return [...forAll, 'truncate']
    case 'head':
    case 'openWriter':
    case 'sweepUnfinished':
      return forAll
    // What fails here ends the writer: no faults but those of time.
    case 'write':
      return ['fail', 'delay']
  }
}

function draw(kind: Fault['kind'], random: SeededRandom, longestDelayMs: number): Fault {
  const milliseconds = random.below(longestDelayMs + 1)
  switch (kind) {
    case 'delay':
    case 'arrive-late':
    case 'answer-late':
      return { kind, milliseconds }
    case 'repeat':
      return { kind, answer: 'first' }
    case 'hang':
      return { kind, applied: random.chance(0.5) }
    case 'truncate':
      return { kind, after: random.below(100), end: 'error' }
    case 'throttle':
      return random.chance(0.5) ? { kind } : { kind, retryAfterMs: milliseconds }
    case 'fail':
    case 'lose-answer':
    case 'deny':
      return { kind }
  }
}

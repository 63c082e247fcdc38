import type { StorageCall } from '@kannery/storage-testkit'
import { topicKeys } from '../../src/layout/keys.ts'

export const topic = 'orders'
export const keys = topicKeys(topic)

/** What a process is about. */
export type Phase =
  | 'acquire'
  | 'recover'
  | 'commit'
  | 'mark'
  | 'delete'
  | 'release'
  | 'edit'
  | 'rebuild'
  | 'copy'

/** A request, and who makes it when. */
export interface Request extends Pick<StorageCall, 'operation' | 'key'> {
  readonly phase: Phase
  /** Whether there is a lease at that moment. */
  readonly leased: boolean
}

type Recognise = (request: Request) => boolean

const puts = (key: string, phase: Phase): Recognise => {
  return (request) => request.operation === 'put' && request.key === key && request.phase === phase
}

/**
 * The numbered steps of a lease, a recovery and a commit, and what else changes anything, by the
 * request in which each reaches the storage; null: it makes none.
 */
export const steps = {
  '1 look at the lease': ({ operation, key }) => operation === 'get' && key === keys.lease,
  '2 take the lease over': (request) => request.leased && puts(keys.lease, 'acquire')(request),
  '3 claim the lease': (request) => !request.leased && puts(keys.lease, 'acquire')(request),
  '4 read the index': ({ operation, key, phase }) =>
    operation === 'get' && key === keys.index && phase === 'acquire',
  '5 renew the heartbeat': ({ operation, key }) =>
    operation === 'put' && key.startsWith('~workers/'),
  '6 raise the epoch': puts(keys.index, 'acquire'),
  '7 list the candidates': ({ operation, phase }) => operation === 'list' && phase === 'recover',
  '8 read a leftover': ({ operation, key, phase }) =>
    operation === 'get' && key.endsWith('.kan') && phase === 'recover',
  '9 commit the recovery': puts(keys.index, 'recover'),
  '10 upload the segment': ({ operation, key }) => operation === 'put' && key.endsWith('.kan'),
  '11 look at the deadline': null,
  '12 replace the index': puts(keys.index, 'commit'),
  '13 acknowledge': null,
  'mark what expired': puts(keys.index, 'mark'),
  'announce a deletion': puts(keys.index, 'delete'),
  'delete a segment': ({ operation, key }) => operation === 'delete' && key.endsWith('.kan'),
  'release the lease': ({ operation, key, phase }) =>
    operation === 'delete' && key === keys.lease && phase === 'release',
  'edit the index': puts(keys.index, 'edit'),
  'rebuild the index': puts(keys.index, 'rebuild'),
  'copy a segment': ({ operation, key, phase }) =>
    operation === 'commit' && key.endsWith('.kan') && phase === 'copy',
  'copy the index': puts(keys.index, 'copy'),
} satisfies Record<string, Recognise | null>

export type Step = keyof typeof steps

export const stepNames = Object.keys(steps) as readonly Step[]

export const faultNames = [
  'crash',
  'sleep past the ttl',
  'answer lost',
  'arrives past a successor',
  'lease deleted',
  'index deleted',
  'folder deleted',
  'clock a day slow',
  'clock seconds off',
] as const

export type FaultName = (typeof faultNames)[number]

/** What a process has from its start on. */
export const clockFaults = ['clock a day slow', 'clock seconds off'] as const satisfies FaultName[]

export type ClockFault = (typeof clockFaults)[number]

export function isClockFault(fault: FaultName): fault is ClockFault {
  return clockFaults.some((name) => name === fault)
}

/** Histories by step and fault. */
export class FaultTable {
  readonly #histories = new Map<string, number>()

  /** @param cells of one history, each once */
  count(cells: ReadonlySet<string>): void {
    for (const cell of cells) this.#histories.set(cell, (this.#histories.get(cell) ?? 0) + 1)
  }

  /** Cells that can be and in which nothing happened. */
  get empty(): readonly string[] {
    return stepNames.flatMap((step) =>
      faultNames
        .filter((fault) => canStrike(step, fault))
        .map((fault) => cellOf(step, fault))
        .filter((cell) => !this.#histories.has(cell)),
    )
  }

  /** A row for each step, a column for each fault; — where there can be nothing. */
  get text(): string {
    const width = Math.max(...stepNames.map((step) => step.length))
    const head = [''.padEnd(width), ...faultNames].join('  ')
    const rows = stepNames.map((step) => {
      const counts = faultNames.map((fault) => {
        const count = canStrike(step, fault)
          ? String(this.#histories.get(cellOf(step, fault)) ?? 0)
          : '—'
        return count.padStart(fault.length)
      })
      return [step.padEnd(width), ...counts].join('  ')
    })
    return [head, ...rows].join('\n')
  }
}

export function cellOf(step: Step, fault: FaultName): string {
  return `${step} × ${fault}`
}

/** A step without a request has no answer, and nothing that could come late. */
export function canStrike(step: Step, fault: FaultName): boolean {
  return steps[step] !== null || (fault !== 'answer lost' && fault !== 'arrives past a successor')
}

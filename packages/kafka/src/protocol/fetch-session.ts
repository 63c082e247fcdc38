import { errorNumbers } from './error-numbers.ts'
import type { FetchPosition, FetchRequest, FetchResponse } from './fetch.ts'

/** The part of a Fetch request that the session decides. */
export type SessionRequest = Pick<
  FetchRequest,
  'sessionId' | 'sessionEpoch' | 'positions' | 'forgotten'
>

const greatestEpoch = 0x7fff_ffff

/**
 * The client's side of an incremental fetch session (KIP-227): the broker remembers what is
 * fetched, and a request has only what changed, so that 10,000 quiet partitions cost a few bytes.
 *
 * A session belongs to one connection, with at most one unanswered request. Where a broker has no
 * room for a session, every request lists everything, each time beginning with another partition,
 * because the broker fills its answer in the order of the request.
 */
export class FetchSession {
  #id = 0
  /**
   * Number of the next request in the session. 0: the request is a full one, and asks for a
   * session.
   */
  #epoch = 0
  #known: ReadonlyMap<string, FetchPosition> = new Map()
  #fullRequests = 0

  /**
   * Returns what to ask so that the broker fetches exactly `wanted`, whose keys are chosen by the
   * caller, one per partition. The request must be sent, and `answered` called with its answer.
   */
  next(wanted: ReadonlyMap<string, FetchPosition>): SessionRequest {
    const previous = this.#known
    this.#known = new Map(wanted)
    const session = { sessionId: this.#id, sessionEpoch: this.#epoch }
    if (this.#epoch === 0) {
      return { ...session, positions: this.#rotated([...wanted.values()]), forgotten: [] }
    }
    const positions: FetchPosition[] = []
    for (const [key, position] of wanted) {
      const known = previous.get(key)
      if (known === undefined || !samePosition(known, position)) positions.push(position)
    }
    const forgotten: FetchPosition[] = []
    for (const [key, position] of previous) if (!wanted.has(key)) forgotten.push(position)
    return { ...session, positions, forgotten }
  }

  /**
   * Notes an answer. Returns false when the broker lost the session: then the answer has no data,
   * and the next request begins a new session.
   */
  answered({ errorCode, sessionId }: Pick<FetchResponse, 'errorCode' | 'sessionId'>): boolean {
    switch (errorCode) {
      case errorNumbers.FETCH_SESSION_ID_NOT_FOUND:
        this.#id = 0
        this.#epoch = 0
        return false
      case errorNumbers.INVALID_FETCH_SESSION_EPOCH:
      case errorNumbers.FETCH_SESSION_TOPIC_ID_ERROR:
        // With its id and epoch 0, the broker closes the old session for the new one.
        this.#epoch = 0
        return false
      default:
        this.#id = sessionId
        this.#epoch = sessionId === 0 ? 0 : this.#epoch === greatestEpoch ? 1 : this.#epoch + 1
        return true
    }
  }

  /** Has the next request list everything again, whatever the broker remembers. */
  restart(): void {
    this.#epoch = 0
  }

  #rotated(positions: FetchPosition[]): FetchPosition[] {
    const start = this.#fullRequests % Math.max(positions.length, 1)
    this.#fullRequests += 1
    return start === 0 ? positions : [...positions.slice(start), ...positions.slice(0, start)]
  }
}

function samePosition(one: FetchPosition, other: FetchPosition): boolean {
  return (
    one.fetchOffset === other.fetchOffset &&
    one.currentLeaderEpoch === other.currentLeaderEpoch &&
    one.lastFetchedEpoch === other.lastFetchedEpoch &&
    one.maxBytes === other.maxBytes
  )
}

import { type Clock, KanneryError, type Random } from '@kannery/storage'

/**
 * A ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32, so that ids sorted as
 * text are sorted by time (github.com/ulid/spec).
 */
export type Ulid = string & { readonly __ulid: unique symbol }

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const characters = 26
const pattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const greatestTime = 2 ** 48 - 1
const randomBytes = 10
/** How far an id is at most after the one before when the clock gives no greater time. */
const stepBytes = 6

/**
 * Whether `text` is a ULID in upper case. A lower-case spelling of the same number would be another
 * key in a storage.
 */
export function isUlid(text: unknown): text is Ulid {
  return typeof text === 'string' && pattern.test(text)
}

/** Returns the greater of two ids; `undefined` is less than every id. */
export function laterUlid(first: Ulid | undefined, second: Ulid | undefined): Ulid | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return first < second ? second : first
}

/** Makes ids that are unique and ascending, also when the clock is set back. */
export class UlidSource {
  readonly #clock: Clock
  readonly #random: Random
  #last = -1n

  constructor(environment: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = environment.clock
    this.#random = environment.random
  }

  /**
   * Returns an id that is greater than `after` and than all ids that this source made before.
   *
   * @throws DATA_CORRUPT when there is no greater id
   */
  next(after?: Ulid): Ulid {
    const floor = after === undefined ? -1n : decode(after)
    const previous = floor > this.#last ? floor : this.#last
    const fresh = (this.#time() << BigInt(8 * randomBytes)) | this.#bits(randomBytes)
    // A step of one would let two sources that go on from the same id, with clocks behind it, make
    // the same ids.
    this.#last = fresh > previous ? fresh : previous + 1n + this.#bits(stepBytes)
    return encode(this.#last)
  }

  #time(): bigint {
    return BigInt(Math.min(greatestTime, Math.max(0, Math.floor(this.#clock.now()))))
  }

  #bits(bytes: number): bigint {
    return BigInt(`0x${Buffer.from(this.#random.bytes(bytes)).toString('hex')}`)
  }
}

function decode(id: Ulid): bigint {
  let value = 0n
  for (const character of id) value = (value << 5n) | BigInt(alphabet.indexOf(character))
  return value
}

function encode(value: bigint): Ulid {
  let text = ''
  for (let shift = 5n * BigInt(characters - 1); shift >= 0n; shift -= 5n) {
    text += alphabet[Number((value >> shift) & 31n)] ?? ''
  }
  if (value >> 128n !== 0n) {
    throw new KanneryError('DATA_CORRUPT', 'no greater id is left than those in the storage', {
      why: 'an object there has an id from the far end of time',
      remedy: 'Move the object with the greatest name out of the folder: Kannery did not write it.',
    })
  }
  return text as Ulid
}

import { Fifo } from '../../concurrency/fifo.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'
import { differingFields, sameRecord } from './record-difference.ts'

/** A record of the target that differs from the backup, or that is missing. */
export interface Difference {
  readonly partition: number
  /** Offset of the record in the target, or the one that a missing record should have. */
  readonly offset: number
  /** What differs, as a clause. */
  readonly reason: string
}

/** How many records it looks ahead before it calls one changed. */
const lookahead = 32

/**
 * Compares the records of a partition in the backup with those in the target, in order. If they
 * differ, it looks a little ahead on both sides, so that one missing record does not make all after
 * it differ. Records are added piece by piece, and only those that it needs to look ahead are held.
 */
export class PartitionComparison {
  readonly #partition: number
  readonly #onDifference: (difference: Difference) => void
  readonly #expected = new Side()
  readonly #actual = new Side()
  #targetOffset: number
  #lastActual: KafkaRecord | undefined
  #compared = 0

  /** `startOffset`: offset of the first restored record in the target. */
  constructor(
    partition: number,
    startOffset: number,
    onDifference: (difference: Difference) => void,
  ) {
    this.#partition = partition
    this.#targetOffset = startOffset
    this.#onDifference = onDifference
  }

  /**
   * Number of records of the backup that were found missing, or have a counterpart in the target,
   * the same or not.
   */
  get compared(): number {
    return this.#compared
  }

  /** Whether no record waits on either side. */
  get isLevel(): boolean {
    return this.#expected.length === 0 && this.#actual.length === 0
  }

  /** Whether it needs more records of the target, or `endActual`, to continue. */
  get wantsActual(): boolean {
    if (this.#actual.ended) return false
    if (this.#expected.length === 0) return this.#expected.ended
    return this.#actual.length <= lookahead
  }

  expect(records: readonly KafkaRecord[]): void {
    this.#expected.push(records)
    this.#compare()
  }

  meet(records: readonly KafkaRecord[]): void {
    this.#actual.push(records)
    this.#compare()
  }

  /** Counts records that are the same, byte for byte. Call it only while it {@link isLevel}. */
  skipSame(count: number): void {
    this.#compared += count
    this.#targetOffset += count
    this.#lastActual = undefined
  }

  endExpected(): void {
    this.#expected.ended = true
    this.#compare()
  }

  endActual(): void {
    this.#actual.ended = true
    this.#compare()
  }

  #compare(): void {
    for (;;) {
      const [expected, actual] = [this.#expected.at(0), this.#actual.at(0)]
      if (expected === undefined || actual === undefined) break
      if (sameRecord(expected, actual)) this.#pass()
      else if (this.#expected.reaches(lookahead) && this.#actual.reaches(lookahead))
        this.#diagnose()
      else return
    }
    if (this.#actual.ended) while (this.#expected.length > 0) this.#missing()
    if (this.#expected.ended) while (this.#actual.length > 0) this.#surplus()
  }

  #pass(): void {
    this.#expected.shift()
    this.#takeActual()
    this.#compared += 1
  }

  #diagnose(): void {
    const [expected, actual] = [this.#expected, this.#actual]
    if (sameRecord(expected.at(0), actual.at(1)) && sameRecord(expected.at(1), actual.at(0))) {
      this.#report(`swapped with the next record: ${this.#origin()} comes after it`)
      this.#pass()
      this.#pass()
      return
    }
    if (sameRecord(expected.at(1), actual.at(1))) {
      this.#changed()
      return
    }
    for (let distance = 1; distance <= lookahead; distance++) {
      if (sameRecord(expected.at(distance), actual.at(0))) {
        for (let count = 0; count < distance; count++) this.#missing()
        return
      }
      if (sameRecord(expected.at(0), actual.at(distance))) {
        for (let count = 0; count < distance; count++) this.#surplus()
        return
      }
    }
    this.#changed()
  }

  #changed(): void {
    const [expected, actual] = [this.#expected.at(0), this.#actual.at(0)]
    if (expected === undefined || actual === undefined) return
    const fields = differingFields(expected, actual).join(', ')
    this.#report(`changed: ${fields} of ${this.#origin()}`)
    this.#pass()
  }

  #missing(): void {
    this.#report(`missing: ${this.#origin()}`)
    this.#expected.shift()
    this.#compared += 1
  }

  #surplus(): void {
    const doubled = sameRecord(this.#actual.at(0), this.#lastActual)
    this.#report(doubled ? 'doubled: the same as the record before it' : 'not in the backup')
    this.#takeActual()
  }

  #takeActual(): void {
    const actual = this.#actual.at(0)
    this.#lastActual = actual
    this.#actual.shift()
    this.#targetOffset = (actual?.offset ?? this.#targetOffset) + 1
  }

  #report(reason: string): void {
    const offset = this.#actual.at(0)?.offset ?? this.#targetOffset
    this.#onDifference({ partition: this.#partition, offset, reason })
  }

  #origin(): string {
    return `the record at offset ${this.#expected.at(0)?.offset} of the backup`
  }
}

/** The records of one side that are not compared yet. */
class Side {
  readonly #records = new Fifo<KafkaRecord>()
  ended = false

  get length(): number {
    return this.#records.length
  }

  at(index: number): KafkaRecord | undefined {
    return this.#records.at(index)
  }

  /** Whether more than `count` records wait to be compared, or no more will come. */
  reaches(count: number): boolean {
    return this.ended || this.length > count
  }

  push(records: readonly KafkaRecord[]): void {
    for (const record of records) this.#records.push(record)
  }

  shift(): void {
    this.#records.shift()
  }
}

import {
  type ChunkHeader,
  type ChunkHeaderFacts,
  decodeChunkHeader,
  factsOf,
  kindOf,
} from '../format/chunk-header.ts'
import { type Damage, damageOf } from '../format/damage.ts'
import { decodeChunk } from '../format/decode-chunk.ts'
import { chunkHeaderBytes, chunkMagic, maxHeaderBytes } from '../format/format.ts'
import { decodeSegmentHeader, segmentHeaderBytes } from '../format/segment-header.ts'
import type { ObjectWindow } from './object-window.ts'

/** A whole chunk of a segment that is salvaged, without what only a footer knows about it. */
export interface SalvagedChunk {
  /** Position of the chunk's header in the object. */
  readonly position: number
  /** Length of the stored bytes, which follow the header. */
  readonly storedLength: number
  readonly facts: ChunkHeaderFacts
  /** Exactly the bytes that were given to the writer. The buffer belongs to the caller. */
  readonly raw: Uint8Array
}

/** A whole chunk, or damaged bytes, of a segment that is salvaged. */
export type SalvagePart =
  | { readonly kind: 'chunk'; readonly chunk: SalvagedChunk }
  | { readonly kind: 'damage'; readonly damage: Damage }

interface Step {
  readonly part?: SalvagePart
  /** Position at which the scan continues. */
  readonly next: number
  /** Why the bytes before `next` are lost, unless `part` explains them. */
  readonly lost?: string
}

const cutHere = 'the object was cut here'

/** The first bytes of a footer, which mark the end of the chunks. */
const footerOpening = Buffer.from('{"')

/**
 * Finds the chunks of a segment whose footer cannot be used, by their magic bytes. All bytes that
 * are neither the header nor a whole chunk are reported as damage; `footerReason` is the reason for
 * the last of them, where the footer was.
 */
export async function* scanSegment(
  window: ObjectWindow,
  key: string,
  footerReason: string,
): AsyncGenerator<SalvagePart, void, undefined> {
  const scan = new Scan(window, key, footerReason)
  let lost: { readonly from: number; readonly reason: string } | undefined
  let position = 0
  let step = await scan.header()
  for (;;) {
    if (step.lost !== undefined) lost ??= { from: position, reason: step.lost }
    if (step.lost === undefined && lost !== undefined) {
      yield { kind: 'damage', damage: { key, ...lost, to: position } }
      lost = undefined
    }
    if (step.part !== undefined) yield step.part
    position = step.next
    if (position >= window.size) break
    step = await scan.step(position)
  }
  const reason = lost === undefined ? footerReason : joined(lost.reason, footerReason)
  yield { kind: 'damage', damage: { key, from: lost?.from ?? position, to: window.size, reason } }
}

function joined(first: string, second: string): string {
  return first === second ? first : `${first}; ${second}`
}

class Scan {
  readonly #window: ObjectWindow
  readonly #key: string
  readonly #footerReason: string
  /**
   * The bytes that may still be read for chunks that turn out not to be any. Without this limit,
   * forged headers would make the cost quadratic.
   */
  #patience: number

  constructor(window: ObjectWindow, key: string, footerReason: string) {
    this.#window = window
    this.#key = key
    this.#footerReason = footerReason
    this.#patience = 4 * window.size
  }

  async header(): Promise<Step> {
    const start = await this.#window.bytes(0, maxHeaderBytes + 16)
    try {
      const length = segmentHeaderBytes(start, this.#key)
      if (length > start.byteLength) return await this.#lost(0, cutHere)
      decodeSegmentHeader(start.subarray(0, length), this.#key)
      return { next: length }
    } catch (error) {
      const damage = damageOf(error)
      if (damage === undefined) throw error
      return await this.#lost(0, damage.reason)
    }
  }

  async step(position: number): Promise<Step> {
    const start = await this.#window.bytes(position, chunkHeaderBytes)
    if (isFooter(start)) return await this.#lost(position, this.#footerReason)
    if (start.byteLength < chunkHeaderBytes) return { next: this.#window.size, lost: cutHere }
    const decoded = decodeChunkHeader(start, 0)
    switch (decoded.kind) {
      case 'header':
        return await this.#chunk(position, decoded.header)
      case 'damage':
        return await this.#lost(position, decoded.reason)
      case 'unsupported':
        return await this.#lost(position, `a chunk of version ${decoded.version}`)
    }
  }

  async #chunk(position: number, header: ChunkHeader): Promise<Step> {
    const length = chunkHeaderBytes + header.storedLength
    const end = position + length
    if (end > this.#window.size) return await this.#lost(position, cutHere)
    const whole = await this.#window.bytes(position, length)
    const content = await decodeChunk(header, whole.subarray(chunkHeaderBytes))
    if (content.kind === 'raw') return { ...this.#found(position, header, content.raw), next: end }
    const reason = content.kind === 'damage' ? content.reason : content.why
    if (await this.#isBoundary(end)) {
      const damage = { key: this.#key, from: position + chunkHeaderBytes, to: end, reason }
      return { part: { kind: 'damage', damage }, next: end }
    }
    // Bytes are missing or were put in: the next chunk may begin before the end of this one.
    this.#patience -= length
    return await this.#lost(position, reason)
  }

  #found(position: number, header: ChunkHeader, raw: Uint8Array): { part?: SalvagePart } {
    if (kindOf(header.kindCode) === undefined) return {}
    const { storedLength } = header
    const chunk = { position, storedLength, facts: factsOf(header), raw: new Uint8Array(raw) }
    return { part: { kind: 'chunk', chunk } }
  }

  async #lost(position: number, reason: string): Promise<Step> {
    if (this.#patience < 0) return { next: this.#window.size, lost: reason }
    return { next: await this.#window.find(chunkMagic, position + 1), lost: reason }
  }

  async #isBoundary(position: number): Promise<boolean> {
    if (position === this.#window.size) return true
    const start = await this.#window.bytes(position, chunkHeaderBytes)
    if (isFooter(start)) return true
    return start.byteLength === chunkHeaderBytes && decodeChunkHeader(start, 0).kind === 'header'
  }
}

function isFooter(start: Uint8Array): boolean {
  return Buffer.compare(start.subarray(0, footerOpening.length), footerOpening) === 0
}

import type { Random, StoredObject } from '@kannery/storage'
import {
  bodyInPieces,
  isCertainlyNotPublished,
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
} from '@kannery/storage/backend'
import { abortOptions } from './client.ts'
import { type Attempt, azureError } from './errors.ts'
import type { Operation } from './permissions.ts'
import { conditionsOf, type Destination, headersOf, putObject } from './put-object.ts'
import { describe } from './reader.ts'
import { discardBlocks } from './sweep.ts'

const mib = 1024 * 1024

export const partSizes: PartSizes = {
  leastBytes: mib,
  unitBytes: mib,
  preferredBytes: 8 * mib,
  parallel: 4,
}
/** https://learn.microsoft.com/rest/api/storageservices/put-block-list */
export const maxBlocks = 50_000

/** An upload of blocks that are committed together. An object of one part needs none. */
export class AzureUpload implements PartTarget {
  readonly #destination: Destination
  /**
   * Part of the ids of blocks, so that no other writer of the name has the same: such blocks would
   * replace each other.
   */
  readonly #nonce: string
  readonly #blocks: string[] = []
  #size = 0
  #begun = false

  constructor(destination: Destination, random: Random) {
    this.#destination = destination
    this.#nonce = Buffer.from(random.bytes(16)).toString('hex')
  }

  async sendPart({ index, offset, body }: Part, call: PartCall): Promise<void> {
    const { signal, onProgress } = call
    this.#begun = true
    const id = this.#idOf(index)
    try {
      const { blob } = this.#destination
      const pieces = () => bodyInPieces(body, onProgress)
      await blob.stageBlock(id, pieces, body.byteLength, { abortSignal: signal })
      this.#blocks[index] = id
      this.#size = Math.max(this.#size, offset + body.byteLength)
    } catch (error) {
      throw azureError(error, this.#attempt('sendPart'), { signal })
    }
  }

  async publishWhole(body: Uint8Array): Promise<StoredObject> {
    return await putObject(this.#destination, body)
  }

  async publishParts(): Promise<StoredObject> {
    const { blob, key, options } = this.#destination
    const attempt = this.#attempt('commitBlocks')
    try {
      const output = await blob.commitBlockList(this.#blocks, {
        ...headersOf(options),
        ...conditionsOf(options.condition),
        ...abortOptions(options.signal),
      })
      return describe(key, { ...output, contentLength: this.#size }, attempt)
    } catch (cause) {
      const error = azureError(cause, attempt, options)
      if (isCertainlyNotPublished(error)) await this.abandon()
      throw error
    }
  }

  async abandon(): Promise<void> {
    if (!this.#begun) return
    try {
      await discardBlocks(this.#destination.blob, {})
    } catch {
      // Azure cannot be reached: sweepUnfinished finds them, or Azure deletes them after a week.
    }
  }

  /** All ids of a blob have the same length. */
  #idOf(index: number): string {
    return Buffer.from(`${this.#nonce}-${String(index).padStart(6, '0')}`).toString('base64')
  }

  #attempt(operation: Operation): Attempt {
    return { ...this.#destination.attempt, operation }
  }
}

import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What an index says of itself, as far as it may only grow. */
interface Glimpse {
  readonly epoch: number
  /** In pages and in the tail. */
  readonly segments: number
}

const pauseMs = 5

/**
 * Looks at an index again and again while others write it: what was committed stays, and epochs
 * only grow.
 */
export class IndexWatch {
  readonly #path: string
  readonly #setbacks: string[] = []
  readonly #watching: Promise<void>
  #last: Glimpse = { epoch: 0, segments: 0 }
  #ended = false

  constructor(path: string) {
    this.#path = path
    this.#watching = this.#watch()
  }

  /** What went back, in the order in which it was seen. */
  async end(): Promise<readonly string[]> {
    this.#ended = true
    await this.#watching
    return this.#setbacks
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      const text = await readFile(this.#path, 'utf8').catch(() => undefined)
      if (text !== undefined) this.#compare(glimpse(text))
      await delay(pauseMs)
    }
  }

  #compare(now: Glimpse): void {
    const before = this.#last
    if (now.epoch < before.epoch || now.segments < before.segments) {
      this.#setbacks.push(`${JSON.stringify(before)} became ${JSON.stringify(now)}`)
    }
    this.#last = now
  }
}

/** By the lines of docs/format/index.md. */
function glimpse(text: string): Glimpse {
  const epoch = Number(/^epoch: (\d+)$/m.exec(text)?.[1])
  const [, pages = ''] = /^pages:\n((?: .*\n)*)/m.exec(text) ?? []
  const [, tail = ''] = /^segments:\n((?: .*\n)*)/m.exec(text) ?? []
  const paged = [...pages.matchAll(/"segments":(\d+)/g)].map(([, count]) => Number(count))
  const inTail = tail.split('\n').length - 1
  return { epoch, segments: paged.reduce((sum, count) => sum + count, inTail) }
}

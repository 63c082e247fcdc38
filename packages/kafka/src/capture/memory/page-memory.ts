/** Size of a page, and of a part at most, bytes. */
export const pageBytes: number = 1024 * 1024

/** Part of a page. */
export interface PagePart {
  readonly bytes: Buffer
  /** Makes the part free for others. To be called once. */
  readonly free: () => void
}

/** A free range of a page, bytes. */
interface Gap {
  from: number
  readonly to: number
}

interface Page {
  readonly bytes: Buffer
  /** In order, with something used between each two. */
  readonly gaps: Gap[]
}

/**
 * Pages whose parts are used again and again. Memory that is dropped instead stays in the process
 * until the garbage collector runs, which does not know of any budget.
 */
export class PageMemory {
  readonly #pages: Page[] = []

  /** Size of all pages, bytes. */
  get bytes(): number {
    return this.#pages.length * pageBytes
  }

  /**
   * Takes a part of `length` bytes with arbitrary content: of the first gap that is large enough,
   * so that later pages become empty. Returns undefined when there is none.
   */
  take(length: number): PagePart | undefined {
    for (const page of this.#pages) {
      const from = takeGap(page, length)
      if (from === undefined) continue
      const to = from + length
      return { bytes: page.bytes.subarray(from, to), free: () => addGap(page, from, to) }
    }
    return undefined
  }

  addPage(): void {
    const gaps = [{ from: 0, to: pageBytes }]
    this.#pages.push({ bytes: Buffer.allocUnsafeSlow(pageBytes), gaps })
  }

  /** Drops a page that has no part, if there is one. Returns whether there was one. */
  dropEmptyPage(): boolean {
    const index = this.#pages.findLastIndex(isEmpty)
    if (index >= 0) this.#pages.splice(index, 1)
    return index >= 0
  }
}

function isEmpty({ gaps: [gap] }: Page): boolean {
  return gap !== undefined && gap.to - gap.from === pageBytes
}

/** Takes the beginning of the first gap that has `length` bytes. Returns where it is. */
function takeGap({ gaps }: Page, length: number): number | undefined {
  const index = gaps.findIndex(({ from, to }) => to - from >= length)
  const gap = gaps[index]
  if (gap === undefined) return undefined
  const { from } = gap
  gap.from += length
  if (gap.from === gap.to) gaps.splice(index, 1)
  return from
}

/** Adds a gap, merged with those that it touches. */
function addGap({ gaps }: Page, from: number, to: number): void {
  const following = gaps.findIndex((gap) => gap.from >= to)
  const index = following < 0 ? gaps.length : following
  const before = gaps[index - 1]?.to === from ? gaps[index - 1] : undefined
  const after = gaps[index]?.from === to ? gaps[index] : undefined
  const first = before === undefined ? index : index - 1
  const touched = (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1)
  gaps.splice(first, touched, { from: before?.from ?? from, to: after?.to ?? to })
}

import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

const lines = 40_000
const seed = 16

/**
 * Writes a file of JSON documents of about 1 KB, one a line, the same each time; resolves with its
 * path. They are like the orders of a shop: names that repeat, values that do not. Compressed
 * together by zstd they take about 0.3 of their size.
 */
export async function writeJsonLines(folder: string): Promise<string> {
  const path = join(folder, 'values.json-lines')
  const file = createWriteStream(path)
  const random = randomNumbers(seed)
  for (let line = 0; line < lines; line += 1) file.write(`${JSON.stringify(order(random))}\n`)
  file.end()
  await finished(file)
  return path
}

type Random = (below: number) => number

const words = 'amber basil cedar delta ember fjord grove heron ivory jetty knoll lemon'.split(' ')
const states = ['received', 'paid', 'packed', 'sent', 'delivered', 'returned']

function order(random: Random): object {
  const when = 1_750_000_000_000 + random(10_000_000_000)
  return {
    orderId: identifier(random),
    customer: {
      id: identifier(random),
      name: `${pick(random, words)} ${pick(random, words)}`,
      email: `${pick(random, words)}.${random(1e6)}@example.org`,
      loyaltyPoints: random(20_000),
    },
    placedAt: new Date(when).toISOString(),
    updatedAt: new Date(when + random(1e9)).toISOString(),
    state: pick(random, states),
    items: Array.from({ length: 3 }, () => ({
      reservation: identifier(random),
      articleNumber: random(1e8),
      description: `${pick(random, words)} ${pick(random, words)} ${pick(random, words)}`,
      quantity: 1 + random(9),
      unitPriceInCents: 99 + random(50_000),
      discounted: random(4) === 0,
    })),
    signature: Buffer.from(Array.from({ length: 120 }, () => random(256))).toString('base64'),
    delivery: {
      warehouse: `warehouse-${random(40)}`,
      trackingNumber: identifier(random),
      latitude: 47 + random(1e6) / 1e6,
      longitude: 8 + random(1e6) / 1e6,
    },
  }
}

function identifier(random: Random): string {
  return Array.from({ length: 3 }, () =>
    random(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('-')
}

function pick(random: Random, values: readonly string[]): string {
  return values[random(values.length)] ?? ''
}

/** Whole numbers from a seed. The generator is "mulberry32", by Tommy Ettinger. */
function randomNumbers(start: number): Random {
  let state = start
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

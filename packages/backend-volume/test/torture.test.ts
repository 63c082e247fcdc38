import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, scratchFolder } from './fixtures.ts'
import { type Counter, counterKey, heldName, lockKey, readText } from './torture-model.ts'

const workers = 8
/** All file systems together. Longer on demand: KANNERY_TORTURE_SECONDS=3600. */
const { KANNERY_TORTURE_SECONDS = '60' } = process.env
const seconds = Number(KANNERY_TORTURE_SECONDS)

describe('a folder that eight processes write to', () => {
  test.each(['disk', 'tmpfs'] as const)(
    'no acknowledged update is lost on %s while writers are killed and stopped',
    { timeout: (seconds + 60) * 1000 },
    async (fileSystem) => {
      await using folder = await scratchFolder(fileSystem)
      const outcome = await torture(folder.path, (seconds * 1000) / 2)
      process.stdout.write(`torture on ${fileSystem}: ${JSON.stringify(outcome)}\n`)
      expect(outcome.violations).toBe('')
      expect(outcome.lost).toEqual([])
      expect(outcome.counter.n).toBe(sum(Object.values(outcome.counter.by)))
      // An update that was stored but not acknowledged is one whose author was killed in between.
      expect(outcome.counter.n - outcome.acknowledged).toBeLessThanOrEqual(outcome.kills + workers)
      expect(outcome.acknowledged).toBeGreaterThan(seconds)
      expect(outcome.kills).toBeGreaterThan(seconds)
      expect(outcome.stops).toBeGreaterThan(0)
      expect(outcome.visible).toEqual(['index'])
      expect(outcome.hidden).toEqual([])
    },
  )
})

interface Outcome {
  readonly counter: Counter
  readonly acknowledged: number
  readonly lost: readonly string[]
  readonly violations: string
  readonly kills: number
  readonly stops: number
  readonly visible: readonly string[]
  readonly hidden: readonly string[]
}

async function torture(folder: string, durationMs: number): Promise<Outcome> {
  const root = join(folder, 'storage')
  await fs.mkdir(root)
  const backend = await VolumeBackend.open({ path: root }, environment)
  const lives = new Map<number, number>()
  const crashes: string[] = []
  const start = (worker: number): ChildProcess => {
    const life = (lives.get(worker) ?? 0) + 1
    lives.set(worker, life)
    const script = join(import.meta.dirname, 'torture-worker.ts')
    const parameters = [root, `w${worker}`, String(life)]
    const child = spawn(
      process.execPath,
      ['--conditions=@kannery/source', '--no-warnings', script, ...parameters],
      { stdio: ['ignore', 'inherit', 'pipe'] },
    )
    child.stderr?.on('data', (text: Buffer) => crashes.push(text.toString()))
    return child
  }
  const children = Array.from({ length: workers }, (_, worker) => start(worker))
  const kill = async (worker: number): Promise<void> => {
    const child = children[worker]
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    await freeLockOf(backend, folder, `w${worker} ${lives.get(worker)}`)
  }

  let kills = 0
  let stops = 0
  const end = performance.now() + durationMs
  try {
    while (performance.now() < end && crashes.length === 0) {
      await sleep(15 + Math.random() * 250)
      const worker = Math.floor(Math.random() * workers)
      if (Math.random() < 0.4) {
        const child = children[worker]
        child?.kill('SIGSTOP')
        setTimeout(() => child?.kill('SIGCONT'), Math.random() * 2000)
        stops++
        continue
      }
      await kill(worker)
      kills++
      children[worker] = start(worker)
    }
  } finally {
    for (let worker = 0; worker < workers; worker++) await kill(worker)
  }
  expect(crashes.join('')).toBe('')
  await backend.sweepUnfinished('' as never, { olderThanMs: -1000, isOurs: () => true })
  return { ...(await examine(backend, folder)), kills, stops }
}

/** Does what a person would do: the holder is dead, so its lock may be removed. */
async function freeLockOf(backend: VolumeBackend, folder: string, owner: string): Promise<void> {
  const found = await readText(backend, lockKey)
  if (found?.text !== owner) return
  await fs.rm(join(folder, heldName), { recursive: true, force: true })
  await backend.delete(lockKey, { ifVersion: found.version })
}

async function examine(
  backend: VolumeBackend,
  folder: string,
): Promise<Omit<Outcome, 'kills' | 'stops'>> {
  const counter: Counter = JSON.parse((await readText(backend, counterKey))?.text ?? '{}')
  const lost: string[] = []
  let acknowledged = 0
  for (let worker = 0; worker < workers; worker++) {
    const path = join(folder, `acknowledged-w${worker}`)
    const lines = (await readIfThere(path)).split('\n').filter(Boolean)
    acknowledged += lines.length
    const last = Math.max(0, ...lines.map(Number))
    if (new Set(lines).size !== lines.length) lost.push(`w${worker} was given a number twice`)
    if (last > (counter.by[`w${worker}`] ?? 0)) lost.push(`w${worker}: ${last}`)
  }
  const topic = join(folder, 'storage', 'topic')
  return {
    counter,
    acknowledged,
    lost,
    violations: await readIfThere(join(folder, 'violations')),
    visible: (await fs.readdir(topic)).filter((name) => !name.startsWith('.')),
    hidden: await fs.readdir(join(topic, '.kannery')),
  }
}

async function readIfThere(path: string): Promise<string> {
  return await fs.readFile(path, 'utf8').catch(() => '')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

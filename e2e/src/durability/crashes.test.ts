import { describe, expect, inject, test } from 'vitest'
import { temporaryFolder } from '../command-line/temporary-folder.ts'
import { runCrashes } from './crashes.ts'

const { bootstrapServers } = inject('kafka')

/** `./dev crashes` runs as many as one likes. */
const kills = 50

describe('backups that are killed and stopped again and again', () => {
  test('lose nothing and keep nothing twice', {
    timeout: 360_000,
  }, async ({ onTestFailed }) => {
    const seed = Date.now() % 1_000_000
    await using folder = await temporaryFolder()
    const report = await runCrashes({
      bootstrapServers,
      folder: folder.path,
      kills,
      seed,
      say: () => undefined,
    })
    onTestFailed(() => {
      process.stderr.write(`seed ${seed}\n${report.kills.join('\n')}\n`)
    })

    const { produced, epoch, comparison, findings, unnamed, gaveUp, setbacks } = report
    expect(gaveUp).toEqual([])
    expect(setbacks).toEqual([])
    expect(comparison).toEqual({ equalRecords: produced, differences: [] })
    expect(findings).toEqual([])
    expect(unnamed).toEqual([])
    expect(epoch).toBeGreaterThan(kills / 5)
  })
})

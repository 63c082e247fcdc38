import { describe, expect, test } from 'vitest'
import { Progress } from './progress.ts'
import { type OutputFormat, Terminal } from './terminal.ts'

function world(isTTY: boolean, format: OutputFormat = 'text') {
  const said: string[] = []
  const stream = {
    isTTY,
    columns: 120,
    write: (text: string | Uint8Array) => said.push(String(text)) > 0,
  }
  const clock = { now: 0 }
  const terminal = new Terminal(format, { stdout: stream, stderr: stream }, { now: () => 0 })
  return { said, clock, progress: new Progress(terminal, 'backup', { monotonic: () => clock.now }) }
}

describe('the progress', () => {
  test('shows rate and time left in a line every five seconds, without a terminal', () => {
    const { said, clock, progress } = world(false)
    for (clock.now = 1000; clock.now <= 10_000; clock.now += 1000) {
      progress.update({ records: clock.now, bytes: clock.now * 1024, total: 20_000 })
    }

    expect(said).toEqual([
      'backup  25 %  5,000 records  4.9 MiB  1000.0 KiB/s  ETA 15s\n',
      'backup  50 %  10,000 records  9.8 MiB  1000.0 KiB/s  ETA 10s\n',
    ])
  })

  test('computes the time left from the pace of the last seconds', () => {
    const { said, clock, progress } = world(false)
    clock.now = 20_000
    progress.update({ records: 100_000, bytes: 0, total: 102_000 })
    clock.now = 30_000
    progress.update({ records: 101_000, bytes: 0, total: 102_000 })

    expect(said[1]).toContain('ETA 10s')
  })

  test('shows no time left after the first records: a job that has just begun may have waited for long', () => {
    const { said, clock, progress } = world(false)
    clock.now = 9000
    progress.update({ records: 10, bytes: 0, total: 100_000 })
    clock.now = 14_000
    progress.update({ records: 510, bytes: 0, total: 100_000 })
    clock.now = 19_000
    progress.update({ records: 5510, bytes: 0, total: 100_000 })

    expect(said.map((line) => line.split('  ').at(-1))).toEqual([
      'ETA unknown\n',
      'ETA 16m 35s\n',
      'ETA 2m 52s\n',
    ])
  })

  test('draws a bar in place on a terminal', () => {
    const { said, clock, progress } = world(true)
    clock.now = 1000
    progress.update({ records: 500, bytes: 1024, total: 1000 })

    expect(said[0]).toContain('\r\u001b[Kbackup  [##########----------]  50 %')
  })

  test('shows no share and no time left of a job without an end', () => {
    const { said, clock, progress } = world(false)
    clock.now = 5000
    progress.update({ records: 10, bytes: 2048, total: undefined })

    expect(said).toEqual(['backup  10 records  2.0 KiB  410 B/s\n'])
  })

  test('is a document per line as JSON', () => {
    const { said, clock, progress } = world(true, 'json')
    clock.now = 5000
    progress.update({ records: 10, bytes: 5000, total: 20 })

    expect(said.map((line) => JSON.parse(line))).toEqual([
      {
        progress: {
          job: 'backup',
          records: 10,
          bytes: 5000,
          total: 20,
          bytesPerSecond: 1000,
          secondsLeft: 5,
        },
      },
    ])
  })
})

import { expect, test } from 'vitest'
import { Progress } from './progress.ts'
import { Terminal } from './terminal.ts'

function world(isTTY: boolean) {
  const said: string[] = []
  const stream = { isTTY, columns: 120, write: (text: string | Uint8Array) => said.push(String(text)) > 0 }
  const clock = { now: 0 }
  const terminal = new Terminal('text', { stdout: stream, stderr: stream })
  return { said, clock, progress: new Progress(terminal, 'backup', () => clock.now) }
}

test('elsewhere than on a terminal, a line every five seconds tells rate and time left', () => {
  const { said, clock, progress } = world(false)
  for (clock.now = 1000; clock.now <= 10_000; clock.now += 1000) {
    progress.update(clock.now, clock.now * 1024, 20_000)
  }

  expect(said).toEqual([
    'backup  25 %  5,000 records  4.9 MiB  1000.0 KiB/s  ETA 15s\n',
    'backup  50 %  10,000 records  9.8 MiB  1000.0 KiB/s  ETA 10s\n',
  ])
})

test('on a terminal, a bar is redrawn in place and cleared at the end', () => {
  const { said, clock, progress } = world(true)
  clock.now = 1000
  progress.update(500, 1024, 1000)
  progress.finish()

  expect(said[0]).toContain('\r\u001b[Kbackup  [##########----------]  50 %')
  expect(said.at(-1)).toBe('\r\u001b[K')
})

test('a job without an end tells no share and no time left', () => {
  const { said, clock, progress } = world(false)
  clock.now = 5000
  progress.update(10, 2048, undefined)

  expect(said).toEqual(['backup  10 records  2.0 KiB  410 B/s\n'])
})

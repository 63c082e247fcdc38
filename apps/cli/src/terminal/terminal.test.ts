import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { type OutputFormat, Terminal } from './terminal.ts'

function collecting(format: OutputFormat, isTTY = false) {
  const stdout: string[] = []
  const stderr: string[] = []
  const stream = (lines: string[]) => ({
    isTTY,
    columns: 20,
    write(text: string | Uint8Array, done?: (error?: Error | null) => void) {
      lines.push(String(text))
      done?.()
      return true
    },
  })
  const streams = { stdout: stream(stdout), stderr: stream(stderr) }
  return { stdout, stderr, terminal: new Terminal(format, streams, { now: () => 0 }) }
}

describe('the terminal', () => {
  test('writes results to stdout and messages to stderr', async () => {
    const { terminal, stdout, stderr } = collecting('text')
    await terminal.result({ topics: [] }, 'no topics')
    terminal.note('metrics: here')
    terminal.warning(new KanneryError('KAFKA_OFFSETS_LOST', 'a gap', { remedy: 'look' }))

    expect(stdout).toEqual(['no topics\n'])
    expect(stderr.join('')).toBe(
      'metrics: here\nwarning: kafka error: a gap\n  what now  look\n  code      KAFKA_OFFSETS_LOST (exit 62)\n',
    )
  })

  test('escapes control characters in foreign text, in every form of output', async () => {
    for (const format of ['text', 'json'] as const) {
      const { terminal, stdout, stderr } = collecting(format)
      const reason = 'a\u009b2J\u001b[2J\u007f\tb'
      await terminal.result({ reason }, reason)
      terminal.note(reason)
      terminal.warning(new KanneryError('KAFKA_DENIED', reason))

      const written = [...stdout, ...stderr].join('')
      expect(written).toContain('\\u009b2J\\u001b[2J\\u007f')
      expect(written).not.toMatch(/(?![\n\t])\p{Cc}/u)
      if (format === 'json') expect(JSON.parse(stdout[0] ?? '')).toEqual({ reason })
    }
  })

  test('writes every line of both as a document with JSON', async () => {
    const { terminal, stdout, stderr } = collecting('json')
    await terminal.result({ offset: 9_007_199_254_740_993n }, 'text')
    terminal.note('a note')
    terminal.progress('50 %', { records: 5 })
    terminal.error(new KanneryError('LEASE_LOST', 'gone'))

    expect(stdout.map((line) => JSON.parse(line))).toEqual([{ offset: '9007199254740993' }])
    expect(stderr.map((line) => JSON.parse(line))).toEqual([
      { note: 'a note' },
      { progress: { records: 5 } },
      { error: expect.objectContaining({ code: 'LEASE_LOST', exitStatus: 33 }) },
    ])
  })

  test('draws progress in place, no wider than the terminal, and clears it before other output', async () => {
    const { terminal, stderr } = collecting('text', true)
    terminal.progress('a line that is much wider than the terminal', {})
    terminal.note('done')

    expect(stderr).toEqual(['\r\u001b[Ka line that is much', '\r\u001b[K', 'done\n'])
  })

  function failing(code: string): Terminal {
    const stdout = {
      write(_text: string | Uint8Array, done?: (error?: Error | null) => void) {
        done?.(Object.assign(new Error(code), { code }))
        return false
      },
    }
    return new Terminal('text', { stdout, stderr: stdout }, { now: () => 0 })
  }

  test('treats a reader that closed the output as no error', async () => {
    const terminal = failing('EPIPE')
    await terminal.print('a')

    expect(terminal.outputClosed).toBe(true)
  })

  test('treats an output that cannot be written as an error', async () => {
    await expect(failing('ENOSPC').print('a')).rejects.toMatchObject({
      code: 'OUTPUT_CLOSED',
      why: 'ENOSPC',
    })
  })
})

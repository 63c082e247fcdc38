import { describe, expect, test } from 'vitest'
import { plot } from './plot.ts'

describe('the plot', () => {
  const run = (seconds: number) => ({ seconds, cpuSeconds: 1, peakRssBytes: 2e8 })
  const work = { unit: 'bytes', amount: 1e9 } as const
  const picture = plot({
    machine: '2 × a <fast> processor',
    node: 'v24.0.0',
    rounds: 2,
    rows: [
      {
        ...{ name: 'backup/none', title: 'a backup', work },
        contenders: [
          { name: 'kannery backup', measurements: [run(1), run(2)] },
          { name: 'a peer', measurements: [run(4), run(4)] },
        ],
      },
      {
        ...{ name: 'memory/whole', title: 'without a peer', work },
        contenders: [{ name: 'kannery backup, 64 MiB', measurements: [run(1)] }],
      },
    ],
  })

  test('has a dot for every round and a bar for every contender of a row with a peer', () => {
    expect(picture.match(/<circle /g)).toHaveLength(4)
    expect(picture.match(/<rect class="bar( ours)?"/g)).toHaveLength(2)
    expect(picture).not.toContain('without a peer')
  })

  test('draws to scale from the greatest speed', () => {
    expect(picture).toContain('<rect class="bar ours" x="270" y="121" width="322.5"')
    expect(picture).toContain('<circle class="dot" cx="700.0"')
    expect(picture).toContain('>250, ratio 3.00</text>')
  })

  test('escapes the name of the machine', () => {
    expect(picture).toContain('2 × a &lt;fast> processor')
  })

  test('has colours for dark pages, and fetches nothing', () => {
    expect(picture).toContain('prefers-color-scheme: dark')
    expect(picture.match(/https?:/g)).toHaveLength(1)
  })
})

import { describe, expect, test } from 'vitest'
import { formatReport, median, ratio } from './report.ts'

describe('a report', () => {
  const run = (seconds: number, cpuSeconds: number) => ({ seconds, cpuSeconds, peakRssBytes: 2e8 })
  const contenders = [
    { name: 'ours', measurements: [run(1, 1), run(2, 2), run(4, 3)] },
    { name: 'theirs', measurements: [run(8, 1), run(8, 1), run(8, 1)] },
  ]
  const cells = (report: string) => report.split('\n').map((line) => line.split(/\s{2,}/))

  test('gives medians, spread and ratios', () => {
    const work = { unit: 'bytes', amount: 1e9 } as const

    const report = formatReport({ name: 'row', title: 'title', work, contenders })

    expect(cells(report)).toEqual([
      ['title'],
      ['', 'MB/s', 'CPU-s/GB', 'peak RSS MB', 'speed ratio', 'CPU ratio'],
      ['ours', '500 (250–1000)', '2.00 (1.00–3.00)', '200', ''],
      ['theirs', '125 (125–125)', '1.00 (1.00–1.00)', '200', '4.00', 'equal (2.00)'],
      [''],
    ])
  })

  test('counts records where they are what matters, and ends with the remarks', () => {
    const work = { unit: 'records', amount: 1e6 } as const
    const remarks = ['a remark']

    const report = formatReport({ name: 'row', title: 'title', work, contenders, remarks })

    expect(cells(report).slice(1)).toEqual([
      ['', 'records/s', 'CPU-s/million', 'peak RSS MB', 'speed ratio', 'CPU ratio'],
      ['ours', '500000 (250000–1000000)', '2.00 (1.00–3.00)', '200', ''],
      ['theirs', '125000 (125000–125000)', '1.00 (1.00–1.00)', '200', '4.00', 'equal (2.00)'],
      ['a remark'],
      [''],
    ])
  })

  test.each([
    [[3], 3],
    [[1, 2], 1.5],
    [[9, 1, 5], 5],
  ])('takes the middle of %j', (values, expected) => {
    expect(median(values)).toBe(expected)
  })

  test.each([
    { ours: [4, 5, 6], theirs: [1, 2, 3], said: '2.50' },
    { ours: [1, 2, 3], theirs: [4, 5, 6], said: '0.40' },
    { ours: [1, 2, 3], theirs: [3, 4, 5], said: 'equal (0.50)' },
    { ours: [1, 9, 9], theirs: [4, 5, 6], said: 'equal (1.80)' },
    { ours: [5], theirs: [5], said: 'equal (1.00)' },
  ])('says of $ours and $theirs: $said', ({ ours, theirs, said }) => {
    expect(ratio(ours, theirs)).toBe(said)
  })
})

import { describe, expect, test } from 'vitest'
import { refuseDuplicates } from './duplicates.ts'
import type { FoundDocument } from './read-text.ts'

function named(name: string): FoundDocument {
  return {
    source: 'all.yaml',
    label: name,
    identity: { kind: 'Storage', namespace: undefined, name },
    resource: undefined,
    problems: [],
    placeOf: () => ({ line: 7, col: 1 }),
  }
}

describe('documents of the same name', () => {
  // A comparison of each with each takes far longer than the time limit of a test.
  test('are found among many in the time that reading them takes', () => {
    const names = Array.from({ length: 200_000 }, (_, index) => `storage-${index}`)
    const documents = refuseDuplicates([...names, 'storage-5'].map(named))

    expect(documents.filter(({ problems }) => problems.length > 0)).toMatchObject([
      { label: 'storage-5', problems: [{ wrong: expect.stringContaining('(all.yaml:7)') }] },
    ])
  })
})

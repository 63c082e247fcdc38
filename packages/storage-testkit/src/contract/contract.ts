import { abortingCases } from './aborting.ts'
import type { ContractCase } from './contract-case.ts'
import { deletingCases } from './deleting.ts'
import { listingCases } from './listing.ts'
import { namingCases } from './naming.ts'
import { racingCases } from './racing.ts'
import { readingCases } from './reading.ts'
import { streamingCases } from './streaming.ts'
import { writingCases } from './writing.ts'

/**
 * What every storage promises. Needs nothing but a storage: test runners and `kannery storage
 * verify` run the same list.
 */
export const storageContract: readonly ContractCase[] = [
  ...readingCases,
  ...writingCases,
  ...streamingCases,
  ...listingCases,
  ...deletingCases,
  ...namingCases,
  ...abortingCases,
  ...racingCases,
]

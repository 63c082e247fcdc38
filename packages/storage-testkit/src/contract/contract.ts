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
 * The promises of every storage. A case needs nothing but a storage: test runners and the command
 * line run the same list.
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

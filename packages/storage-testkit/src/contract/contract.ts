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
 * The cases of the storage contract: every promise that can be tried through a storage, with the
 * code that tries it. Run each by `runCase`. A case needs nothing but a storage, so that any test
 * runner, and a user with a bucket, can run the same list.
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

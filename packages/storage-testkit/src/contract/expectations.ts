import { type ErrorCode, KanneryError } from '@kannery/storage'

/**
 * An error that says which promise of the contract a storage broke, and how. Its cause is the error
 * of the storage, if there was one.
 */
export class ContractViolation extends Error {
  override readonly name: string = 'ContractViolation'
}

/** Expects that `condition` is true; `what` says what is wrong otherwise. */
export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ContractViolation(what)
}

/** Expects the same value, compared as JSON. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (found !== wanted) throw new ContractViolation(`${what}: ${found} instead of ${wanted}`)
}

/** Expects the same names in any order; a long list is not printed. */
export function expectSameNames(
  actual: readonly string[],
  expected: readonly string[],
  what: string,
): void {
  const [found, wanted] = [actual.toSorted(), expected.toSorted()]
  if (JSON.stringify(found) === JSON.stringify(wanted)) return
  const missing = wanted.filter((name) => !found.includes(name))
  const unexpected = found.filter(
    (name, index) => !wanted.includes(name) || found[index - 1] === name,
  )
  const firstFive = (names: readonly string[]): string => JSON.stringify(names.slice(0, 5))
  throw new ContractViolation(
    `${what}: ${missing.length} missing ${firstFive(missing)}, ${unexpected.length} too many ${firstFive(unexpected)}`,
  )
}

/** Expects the same bytes. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.byteLength !== expected.byteLength) {
    const lengths = `${actual.byteLength} bytes instead of ${expected.byteLength}`
    throw new ContractViolation(`${what}: ${lengths}`)
  }
  if (Buffer.compare(actual, expected) === 0) return
  const first = expected.findIndex((byte, index) => byte !== actual[index])
  throw new ContractViolation(`${what}: byte ${first} is another one`)
}

/** Expects that `call` rejects with one of `codes`. */
export async function expectError(
  call: Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  what: string,
): Promise<void> {
  const wanted = [codes].flat()
  let error: unknown
  try {
    await call
  } catch (caught) {
    if (KanneryError.is(caught) && wanted.includes(caught.code)) return
    error = caught
  }
  throw new ContractViolation(`${what}: ${nameOf(error)} instead of ${wanted.join(' or ')}`, {
    cause: error,
  })
}

/** Expects that `call` rejects with exactly this reason. */
export async function expectReason(
  call: Promise<unknown>,
  reason: unknown,
  what: string,
): Promise<void> {
  let error: unknown
  try {
    await call
  } catch (caught) {
    if (caught === reason) return
    error = caught
  }
  throw new ContractViolation(`${what}: ${nameOf(error)} instead of the reason`, {
    cause: error,
  })
}

/** Returns the code, message and reason of an error, or its name and message, for people. */
export function nameOf(error: unknown): string {
  if (error === undefined) return 'no error at all'
  if (KanneryError.is(error)) {
    return [error.code, error.message, error.why].filter(Boolean).join(', ')
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error)
}

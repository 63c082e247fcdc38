import type { File } from '@google-cloud/storage'
import type { CallOptions } from '@kannery/storage'
import { refusalOf } from './answer.ts'
import { type Attempt, answered, errors, gcsError } from './errors.ts'

/**
 * Makes one call of the SDK. It cannot be stopped: when the signal is aborted, it is abandoned, and
 * its outcome is unknown.
 *
 * @throws NotFound for a 404; else errors of Kannery, or the reason of the signal
 */
export async function callSdk<T>(
  call: () => Promise<T>,
  attempt: Attempt,
  { signal }: CallOptions,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(signal?.reason)
  try {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', leave, { once: true })
    return await Promise.race([call(), aborted])
  } catch (error) {
    throw sdkError(error, attempt, { signal })
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

/** Turns an error of the SDK into one of Kannery or a {@link NotFound}. */
export function sdkError(error: unknown, attempt: Attempt, options: CallOptions): unknown {
  if (options.signal?.aborted) return options.signal.reason
  const refusal = refusalOf(error)
  if (refusal !== undefined) return answered(refusal, attempt)
  return gcsError(error, attempt, options)
}

/** What the SDK lets a function change before it sends a request. */
export type InterceptedRequest = ReturnType<NonNullable<File['interceptors'][number]['request']>>

/** Adds headers and query parameters to the one request that `file` makes. */
export function addToRequest(
  file: File,
  addition: {
    readonly headers?: Readonly<Record<string, string | undefined>>
    readonly query?: Readonly<Record<string, string | undefined>>
  },
): void {
  file.interceptors.push({
    request: (options) => {
      options.headers = { ...options.headers, ...definedOnly(addition.headers ?? {}) }
      options.qs = { ...options.qs, ...definedOnly(addition.query ?? {}) }
      return options as InterceptedRequest
    },
  })
}

/** Returns the JSON of an answer. The SDK returns a body that broke off as text. */
export function jsonOf<T extends object>(body: unknown, attempt: Attempt): T {
  if (typeof body === 'object' && body !== null) return body as T
  throw errors.brokenOff(attempt, new SyntaxError('the answer is not JSON'))
}

function definedOnly(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

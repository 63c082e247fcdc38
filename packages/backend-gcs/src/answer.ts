import { KanneryError } from '@kannery/storage'

/** The headers of an answer: one of several classes like that of fetch, or a plain object. */
interface HeadersOfAnswer {
  readonly get?: unknown
  readonly [name: string]: unknown
}

/** Returns a header of an answer, whichever library of the SDK asked for it. */
export function headerOf(answer: unknown, name: string): string | undefined {
  const { headers = {} } = (answer ?? {}) as { readonly headers?: HeadersOfAnswer }
  const value = typeof headers.get === 'function' ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Returns when an answer was given, by the storage's clock. */
export function answeredAt(answer: unknown): Date | undefined {
  const date = new Date(headerOf(answer, 'date') ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number
  readonly body: string
  readonly header: (name: string) => string | undefined
}

/**
 * Returns the answer that an error of the SDK is about, or undefined when there was none. There are
 * three forms of them: that of its requests, that of its downloads, whose message is the body, and
 * that of gaxios for the beginning of an upload.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (typeof error !== 'object' || error === null || KanneryError.is(error)) return undefined
  const { code, status, response, errors: details, message } = error as SdkError
  const answered = [code, status, response?.status].find((number) => typeof number === 'number')
  if (answered === undefined) return undefined
  if (isAboutToken(error) && !mayPass(answered)) return undefined
  const header = (name: string): string | undefined => headerOf(response, name)
  return { status: answered, body: bodyOf(response, details, message), header }
}

interface SdkError {
  readonly code?: unknown
  readonly status?: unknown
  readonly message?: string
  readonly errors?: readonly unknown[]
  /** Options of the request, in gaxios's form. */
  readonly config?: { readonly url?: string | URL }
  readonly response?: {
    readonly status?: unknown
    readonly body?: unknown
    readonly data?: unknown
  }
}

/**
 * Whether a token server answered and not the storage: errors about tokens have the form of those
 * about the beginning of an upload.
 */
export function isAboutToken(error: object): boolean {
  const { config } = error as SdkError
  return config?.url !== undefined && !String(config.url).includes('/upload/storage/v1/')
}

function mayPass(status: number): boolean {
  return status === 429 || status >= 500
}

function bodyOf(
  response: SdkError['response'],
  details: SdkError['errors'],
  message: string | undefined,
): string {
  const body = response?.data ?? response?.body
  if (typeof body === 'string') return body
  const isJson = typeof body === 'object' && body !== null && 'error' in body
  if (isJson) return JSON.stringify(body)
  if (message?.startsWith('{') === true || details === undefined) return message ?? ''
  return JSON.stringify({ error: { message, errors: details } })
}

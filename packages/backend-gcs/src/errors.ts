import {
  type BackendAttempt,
  BackendErrors,
  type CallOptions,
  type ErrorMeaning,
  KanneryError,
  retryAfterMs,
} from '@kannery/storage'
import { headerOf } from './answer.ts'
import { type Operation, permissions } from './permissions.ts'

/** What was being done when Google answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Those that have nothing of Google in them. */
export const errors: BackendErrors = new BackendErrors('gcs', 'Google')

const denied: ErrorMeaning = { code: 'STORAGE_DENIED', says: 'no permission' }
const unauthenticated: ErrorMeaning = {
  code: 'STORAGE_UNAUTHENTICATED',
  says: 'the storage does not accept these credentials',
}
const busy: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'the storage cannot answer now',
  retry: 'same-request',
}
const throttled: ErrorMeaning = {
  code: 'STORAGE_THROTTLED',
  says: 'the storage asks for fewer requests, or fewer writes of one object',
  retry: 'same-request',
}
const kept: ErrorMeaning = {
  ...denied,
  says: 'a retention policy or a hold forbids it',
  remedy: 'Use a bucket without retention policy and holds: a backup rewrites its index.',
}
const notPaid: ErrorMeaning = {
  ...denied,
  says: 'the project is not in good standing',
  remedy: 'Check billing and the state of the project that owns the bucket.',
}
const changed: ErrorMeaning = {
  code: 'STORAGE_PRECONDITION_FAILED',
  says: 'changed meanwhile',
  retry: 'after-refresh',
}
const alreadyExists: ErrorMeaning = {
  code: 'STORAGE_ALREADY_EXISTS',
  says: 'already there',
  retry: 'after-refresh',
}
const refusedSettings: ErrorMeaning = {
  code: 'CONFIG_INVALID',
  says: 'the storage refuses this configuration',
  remedy: 'Correct what the storage names under why.',
}
const unsupported: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  says: 'the storage cannot do what a backup needs',
}
/** Sessions end after a week, and when they are cancelled. */
const uploadGone: ErrorMeaning = {
  code: 'STORAGE_REWRITE_NEEDED',
  says: 'nothing was stored',
  retry: 'after-refresh',
  why: 'its upload session is over',
}
const noBucket: ErrorMeaning = { code: 'STORAGE_CONTAINER_NOT_FOUND', says: 'no such bucket' }

/**
 * By the reason in Google's answer, where the status alone does not tell.
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes
 */
const meaningsByReason: Readonly<Record<string, ErrorMeaning>> = {
  // 403
  rateLimitExceeded: throttled,
  userRateLimitExceeded: throttled,
  quotaExceeded: throttled,
  retentionPolicyNotMet: kept,
  objectUnderActiveHold: kept,
  accountDisabled: notPaid,
  userProjectAccountProblem: notPaid,
  // 400: what was sent is not what arrived.
  checksumMismatch: { ...busy, says: 'the request was damaged on its way, and not stored' },
}

/** By the status. 404 says neither whether object or bucket is missing: see {@link NotThere}. */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  400: refusedSettings,
  401: unauthenticated,
  403: denied,
  405: unsupported,
  408: busy,
  409: { ...busy, says: 'another request is changing the same object' },
  410: uploadGone,
  411: unsupported,
  412: changed,
  413: { ...unsupported, says: 'the object is too large for the storage' },
  416: { code: 'STORAGE_RANGE', says: 'no such byte range' },
  429: throttled,
}

/** A 404. Whoever asked finds out what of it is missing. */
export class NotThere extends Error {
  override readonly name: string = 'NotThere'
}

/** An answer that is not a good one. */
export interface Refusal {
  readonly status: number
  readonly body: string
  readonly header: (name: string) => string | undefined
}

/** What an answer means that is not a good one. */
export function answered({ status, body, header }: Refusal, attempt: Attempt): Error {
  if (status === 404 && !isUpload(attempt)) return new NotThere(attempt.place)
  const { reason, message } = readFailure(body)
  const meaning = inContext(status, attempt) ?? meaningsByReason[reason ?? ''] ?? byStatus(status)
  const remedy = meaning.remedy ?? permissionRemedy(meaning, attempt)
  const said = [status, reason].filter((part) => part !== undefined).join(' ')
  return new KanneryError(meaning.code, `${meaning.says}: ${attempt.place}`, {
    why: meaning.why ?? `Google answered ${said}${message === '' ? '' : `: ${message}`}`,
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
    ...(remedy === undefined ? {} : { remedy }),
    facts: {
      ...errors.facts(attempt),
      status,
      providerCode: reason,
      requestId: header('x-guploader-uploadid'),
      retryAfterMs: retryAfterMs(header('retry-after'), Date.parse(header('date') ?? '')),
    },
  })
}

/**
 * The answer that an error of the SDK is about; undefined when there was none. There are three
 * forms of them: that of its requests, that of its downloads, whose message is the body, and that
 * of gaxios for the beginning of an upload.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (typeof error !== 'object' || error === null || KanneryError.is(error)) return undefined
  const { code, status, response, errors: details, message } = error as SdkError
  const answered = [code, status, response?.status].find((number) => typeof number === 'number')
  if (answered === undefined) return undefined
  if (isOfToken(error) && !mayPass(answered)) return undefined
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
 * Whether who was asked is a server of tokens: errors about them have the form of those about the
 * beginning of an upload.
 */
function isOfToken(error: object): boolean {
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

/**
 * A whole object whose checksum is another one than that of what was sent. It is there, and must
 * not be used.
 */
export function damagedOnItsWay(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_REWRITE_NEEDED', `stored with other bytes: ${attempt.place}`, {
    retry: 'after-refresh',
    why: 'its checksum is not that of what was sent',
    facts: errors.facts(attempt),
  })
}

const credentialsRemedy =
  "Set GOOGLE_APPLICATION_CREDENTIALS, run with a service account, or give serviceAccountKey. If Google says invalid_grant, set this machine's clock."

/**
 * The one place where any other error becomes one of Kannery. Those that are one already pass
 * unchanged; an aborted call rejects with its signal's reason.
 */
export function gcsError(error: unknown, attempt: Attempt, { signal }: CallOptions = {}): unknown {
  if (signal?.aborted) return signal.reason
  if (KanneryError.is(error) || !(error instanceof Error)) return error
  const unreachable = errors.unreachable(error, attempt)
  if (unreachable !== undefined) return unreachable
  if (!isAboutCredentials(error)) return error
  return errors.noCredentials(error, attempt, credentialsRemedy)
}

export function containerNotFound(attempt: Attempt): KanneryError {
  return new KanneryError(noBucket.code, `${noBucket.says}: ${attempt.place}`, {
    facts: errors.facts(attempt),
  })
}

export function preconditionFailed(attempt: Attempt): KanneryError {
  return new KanneryError(changed.code, `${changed.says}: ${attempt.place}`, {
    retry: 'after-refresh',
    facts: errors.facts(attempt),
  })
}

/** What a status means depends on what was asked. */
function inContext(status: number, { operation, condition }: Attempt): ErrorMeaning | undefined {
  if (status === 412 && condition === 'if-absent') return alreadyExists
  if (status !== 404) return undefined
  // Who creates an object misses the bucket; who goes on with an upload misses that.
  return operation === 'put' || operation === 'openWriter' ? noBucket : uploadGone
}

function isUpload({ operation }: Attempt): boolean {
  return ['put', 'openWriter', 'sendPart', 'finishUpload'].includes(operation)
}

function byStatus(status: number): ErrorMeaning {
  return meaningsByStatus[status] ?? (status >= 500 ? busy : unsupported)
}

function permissionRemedy(meaning: ErrorMeaning, attempt: Attempt): string | undefined {
  if (meaning !== denied) return undefined
  return `Give this identity ${permissions[attempt.operation]}.`
}

interface Failure {
  readonly reason: string | undefined
  readonly message: string
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes#http-status-and-error-codes */
function readFailure(body: string): Failure {
  try {
    const { error } = JSON.parse(body) as {
      error: { message?: string; errors?: { reason?: string }[] }
    }
    return { reason: error.errors?.[0]?.reason, message: error.message ?? '' }
  } catch {
    // A proxy, or the part of Google that uploads: plain text or HTML.
    return { reason: undefined, message: /^\s*</.test(body) ? '' : body.slice(0, 200).trim() }
  }
}

/** google-auth-library has no class for it. */
function isAboutCredentials(error: Error): boolean {
  return (
    isOfToken(error) ||
    /default credentials|invalid_grant|refresh access token|private key|PEM|DECODER/i.test(
      error.message,
    )
  )
}

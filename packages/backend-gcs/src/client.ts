import type { BackendContext, CallOptions } from '@kannery/storage'
import type { GcsConfig } from './config.ts'
import { type GcsCredentials, readCredentials } from './credentials.ts'
import { type Attempt, answered, errors, gcsError } from './errors.ts'

const googleEndpoint = 'https://storage.googleapis.com'

export interface GcsRequest extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From the endpoint on, or a whole URL that the storage told. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | string
  /** Statuses other than 2xx that are an answer too, not an error. */
  readonly accept?: readonly number[]
}

export interface Answered {
  /** By the storage's clock. */
  readonly answeredAt?: Date
}

export async function readJson<T>(
  answer: Response,
  attempt: Attempt,
  options: CallOptions,
): Promise<T & Answered> {
  try {
    return { ...((await answer.json()) as T), ...answeredAt(answer) }
  } catch (error) {
    throw gcsError(
      error instanceof SyntaxError ? errors.brokenOff(attempt, error) : error,
      attempt,
      options,
    )
  }
}

export function answeredAt({ headers }: Response): Answered {
  const date = new Date(headers.get('date') ?? '')
  return Number.isNaN(date.getTime()) ? {} : { answeredAt: date }
}

/** google-auth-library: it finds credentials, and renews tokens. */
interface Authorizer {
  getRequestHeaders(url: string): Promise<Headers>
}

/**
 * Sends requests of the JSON API. What @google-cloud/storage has for them cannot be aborted, and repeats uploads on its own.
 * https://cloud.google.com/storage/docs/json_api
 */
export class GcsClient {
  readonly #endpoint: string
  readonly #authorizer: Authorizer | undefined
  readonly #userAgent: string

  constructor(endpoint: string, authorizer: Authorizer | undefined, userAgent: string) {
    this.#endpoint = endpoint
    this.#authorizer = authorizer
    this.#userAgent = userAgent
  }

  /** One attempt. Rejects with what an answer other than a good one means; the caller reads or cancels the body. */
  async send(request: GcsRequest, attempt: Attempt): Promise<Response> {
    const { signal, accept = [] } = request
    try {
      signal?.throwIfAborted()
      const answer = await this.#fetch(request)
      if (answer.ok || accept.includes(answer.status)) return answer
      throw answered(answer, await answer.text(), attempt)
    } catch (error) {
      throw gcsError(error, attempt, request)
    }
  }

  /** The JSON of a good answer, and when it was given. */
  async ask<T>(request: GcsRequest, attempt: Attempt): Promise<T & Answered> {
    return await readJson(await this.send(request, attempt), attempt, request)
  }

  async #fetch({ path, query = {}, method, headers, body, signal }: GcsRequest): Promise<Response> {
    const url = new URL(path.startsWith('http') ? path : `${this.#endpoint}${path}`)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value)
    }
    return await fetch(url, {
      method,
      headers: {
        ...Object.fromEntries((await this.#authorizer?.getRequestHeaders(url.href)) ?? []),
        'user-agent': this.#userAgent,
        ...headers,
        ...(body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {}),
      },
      // 308 means "go on with the upload" here.
      redirect: 'manual',
      ...bodyOf(body),
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

/** As a stream: of bytes that it is given, fetch makes copies. */
function bodyOf(body: GcsRequest['body']): RequestInit {
  if (!(body instanceof Uint8Array)) return body === undefined ? {} : { body }
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      controller.enqueue(body)
      controller.close()
    },
  })
  return { body: stream, duplex: 'half' }
}

/** Loads google-auth-library when there is something to prove; sends nothing yet. @throws CONFIG_INVALID */
export async function connect(
  config: GcsConfig,
  context: Pick<BackendContext, 'access' | 'credentials' | 'userAgent'>,
): Promise<GcsClient> {
  const { endpoint = googleEndpoint } = config
  const { access, userAgent } = context
  const credentials = readCredentials(context.credentials)
  // Emulators ask for no credentials, and must not get any that are lying about.
  if (credentials === undefined && !isGoogle(endpoint)) {
    return new GcsClient(endpoint, undefined, userAgent)
  }
  const scope = `https://www.googleapis.com/auth/devstorage.read_${access === 'read' ? 'only' : 'write'}`
  return new GcsClient(endpoint, await authorizer(credentials, scope), userAgent)
}

async function authorizer(
  credentials: GcsCredentials | undefined,
  scope: string,
): Promise<Authorizer> {
  const { GoogleAuth, JWT } = await import('google-auth-library')
  if (credentials === undefined) return new GoogleAuth({ scopes: [scope] })
  const { email, privateKey: key } = credentials
  const account = new JWT({ email, key, scopes: [scope] })
  // Signs its own tokens instead of asking Google for some: one host less to reach.
  // https://google.aip.dev/auth/4111
  account.useJWTAccessWithScope = true
  return account
}

/** Also by way of Private Service Connect: https://cloud.google.com/vpc/docs/configure-private-google-access */
function isGoogle(endpoint: string): boolean {
  const { hostname } = new URL(endpoint)
  return /(^|\.)(googleapis\.com|p\.googleapis\.com)$/.test(hostname)
}

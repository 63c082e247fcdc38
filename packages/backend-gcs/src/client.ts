import { type BackendContext, type CallOptions, KanneryError } from '@kannery/storage'
import type { GcsConfig } from './config.ts'
import { readCredentials } from './credentials.ts'
import { type Attempt, answered, gcsError } from './errors.ts'

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

/** The part of the SDK that is used: who finds credentials, and renews tokens. */
interface Authorizer {
  getRequestHeaders(url: string): Promise<Headers>
}

/**
 * Sends requests of the JSON API, authorized by the SDK. The SDK's own methods cannot be aborted, and repeat uploads on their own.
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

  /** The JSON of a good answer. */
  async ask<T>(request: GcsRequest, attempt: Attempt): Promise<T> {
    const answer = await this.send(request, attempt)
    try {
      return (await answer.json()) as T
    } catch (error) {
      throw gcsError(error, attempt, request)
    }
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
      },
      // 308 means "go on with the upload" here.
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

/** Loads the SDK; sends nothing yet. @throws CONFIG_INVALID */
export async function connect(
  config: GcsConfig,
  context: Pick<BackendContext, 'credentials' | 'userAgent'>,
): Promise<GcsClient> {
  const { endpoint = googleEndpoint } = config
  const credentials = readCredentials(context.credentials)
  // Emulators ask for no credentials, and must not get any that are lying about.
  if (credentials === undefined && !isGoogle(endpoint)) {
    return new GcsClient(endpoint, undefined, context.userAgent)
  }
  const { Storage } = await import('@google-cloud/storage')
  try {
    const { authClient } = new Storage({
      apiEndpoint: endpoint,
      ...(credentials === undefined ? {} : { credentials }),
    })
    return new GcsClient(endpoint, authClient, context.userAgent)
  } catch {
    // Not the cause: it may show parts of the key.
    throw new KanneryError('CONFIG_INVALID', 'the credential serviceAccountKey cannot be used')
  }
}

/** Also by way of Private Service Connect: https://cloud.google.com/vpc/docs/configure-private-google-access */
function isGoogle(endpoint: string): boolean {
  const { hostname } = new URL(endpoint)
  return /(^|\.)(googleapis\.com|p\.googleapis\.com)$/.test(hostname)
}

import type { Bucket } from '@google-cloud/storage'
import type { BackendContext } from '@kannery/storage'
import { crc32c } from '@node-rs/crc32'
import type { GcsConfig } from './config.ts'
import { type GcsCredentials, readCredentials } from './credentials.ts'
import type { InterceptedRequest } from './sdk-call.ts'

const googleEndpoint = 'https://storage.googleapis.com'

/**
 * Loads the SDK, which takes a third of a second; sends nothing yet. The SDK makes one attempt for
 * each call, and knows no local state: the decorators of @kannery/storage retry, and know which
 * retries are safe.
 *
 * @throws CONFIG_INVALID
 */
export async function connect(
  config: GcsConfig,
  context: Pick<BackendContext, 'access' | 'credentials' | 'userAgent'>,
): Promise<Bucket> {
  const { endpoint = googleEndpoint, bucket } = config
  const { access, userAgent } = context
  const credentials = readCredentials(context.credentials)
  // Emulators ask for no credentials, and must not get those that the SDK happens to find.
  const authenticates = credentials !== undefined || isGoogle(endpoint)
  const scope = `https://www.googleapis.com/auth/devstorage.read_${access === 'read' ? 'only' : 'write'}`
  const { Storage } = await import('@google-cloud/storage')
  const storage = new Storage({
    apiEndpoint: endpoint,
    useAuthWithCustomEndpoint: authenticates,
    userAgent,
    ...(authenticates ? { authClient: await authenticator(credentials, scope) } : {}),
    retryOptions: { autoRetry: false, maxRetries: 0, retryableErrorFn: () => false },
    crc32cGenerator: () => new Crc32c(),
  })
  // Leaves connections to the global agents of Node.js, which keep them alive and close an idle one
  // before the server does. That of the SDK writes into connections that the server has closed, and
  // closes all its connections when one read fails.
  storage.interceptors.push({
    request: (options) => Object.assign(options, { forever: false }) as InterceptedRequest,
  })
  // The SDK prefers STORAGE_EMULATOR_HOST to an endpoint that it is given.
  storage.baseUrl = `${endpoint}/storage/v1`
  return storage.bucket(bucket)
}

async function authenticator(credentials: GcsCredentials | undefined, scope: string) {
  const { GoogleAuth, JWT } = await import('google-auth-library')
  if (credentials === undefined) return new GoogleAuth({ scopes: [scope] })
  const { email, privateKey: key } = credentials
  const account = new JWT({ email, key, scopes: [scope] })
  // It signs its own tokens instead of asking Google for some: one host less to reach.
  // https://google.aip.dev/auth/4111
  account.useJWTAccessWithScope = true
  return account
}

/**
 * Whether an endpoint is Google's, also through Private Service Connect.
 * https://cloud.google.com/vpc/docs/configure-private-google-access
 */
function isGoogle(endpoint: string): boolean {
  const { hostname } = new URL(endpoint)
  return /(^|\.)(googleapis\.com|p\.googleapis\.com)$/.test(hostname)
}

/**
 * CRC-32C as Google writes it, in the form that the SDK expects. That of the SDK takes ten times as
 * long.
 */
export class Crc32c {
  #value = 0

  update(bytes: Buffer): void {
    this.#value = crc32c(bytes, this.#value)
  }

  validate(other: string | Buffer | number | { toString(): string }): boolean {
    return String(other) === this.toString()
  }

  toString(): string {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(this.#value)
    return bytes.toString('base64')
  }
}

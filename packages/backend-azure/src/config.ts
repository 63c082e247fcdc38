import { KanneryError, type StandardSchema } from '@kannery/storage'
import { checkAgainst, decodeUrlPart, isFolder } from '@kannery/storage/backend'
import { z } from 'zod'

/** A container of Azure Blob Storage. */
export interface AzureConfig {
  /**
   * URL of the account's blob service: `https://account.blob.core.windows.net`, or for Azurite
   * `http://127.0.0.1:10000/account`.
   */
  readonly endpoint: string
  readonly container: string
  /**
   * A directory of the container that holds all objects, without a slash at either end. Defaults to
   * the whole container.
   */
  readonly prefix?: string | undefined
}

/**
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
const containerName = /^(?=.{3,63}$)(?:\$root|\$web|[a-z0-9]+(?:-[a-z0-9]+)*)$/

export const configSchema: StandardSchema<AzureConfig> = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'not a URL with http or https' })
    .refine(isPlain, 'an endpoint has no query, and no slash at its end'),
  container: z
    .string()
    .regex(containerName, 'a container name has 3 to 63 lower-case letters, digits and hyphens'),
  prefix: z.string().refine(isFolder, 'not a folder that keys can have').optional(),
})

/** Returns a configuration that the schema accepts. @throws CONFIG_INVALID */
export function checkConfig(value: unknown): AzureConfig {
  return checkAgainst(configSchema, 'an Azure storage', value)
}

/**
 * Reads `https://account.blob.core.windows.net/container/directory`, or
 * `http://127.0.0.1:10000/account/container/directory`.
 *
 * @throws CONFIG_INVALID, never with a secret in it
 */
export function configFromUrl(url: URL): AzureConfig {
  if (url.hash !== '') {
    throw invalid('a "#" ends the path of a URL', { remedy: 'Write "#" in a name as %23.' })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw invalid('a URL of Azure Blob Storage has no query and no credentials', {
      remedy:
        'Give a SAS token as docs/providers.md says, and revoke this one: URLs end up in logs.',
    })
  }
  if (/%2f/i.test(url.pathname)) {
    throw invalid('a slash written as %2F is no part of a name', {
      remedy: 'Write "/" between folders.',
    })
  }
  const segments = url.pathname.split('/').map(decodeUrlPart)
  if (segments.at(-1) === '') segments.pop()
  const [, ...path] = segments
  const account = namesAccountInPath(url) ? path.splice(0, 1) : []
  const [container = '', ...folders] = path
  if (container === '') {
    throw invalid('the URL names no container', {
      remedy: 'Write https://account.blob.core.windows.net/container.',
    })
  }
  return checkConfig({
    endpoint: [url.origin, ...account].join('/'),
    container,
    ...(folders.length === 0 ? {} : { prefix: folders.join('/') }),
  })
}

/** Returns the name of the account: the host's first label, or the path's first segment. */
export function accountOf({ endpoint }: AzureConfig): string {
  const url = new URL(endpoint)
  const name = namesAccountInPath(url) ? url.pathname.split('/')[1] : url.hostname.split('.')[0]
  return name ?? ''
}

/**
 * Whether the path names the account and not the host: that of Azurite, by address or by a name
 * without a dot.
 * https://learn.microsoft.com/azure/storage/common/storage-use-azurite#ip-style-url
 */
function namesAccountInPath({ hostname }: URL): boolean {
  return !hostname.includes('.') || hostname === 'host.docker.internal' || /^[\d.]+$/.test(hostname)
}

function isPlain(endpoint: string): boolean {
  return !/[?#]|\/$/.test(endpoint)
}

function invalid(message: string, options: { readonly remedy?: string } = {}): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, options)
}

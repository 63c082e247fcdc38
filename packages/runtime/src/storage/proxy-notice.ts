import type { Environment } from '../environment.ts'
import { shownLocation } from './storage-url.ts'

interface DirectRequests {
  /** Where they go unless the URL names an endpoint. */
  readonly endpoint: string
  readonly isSent: (access: 'read' | 'write', environment: Environment) => boolean
  readonly describe: (location: string) => string
}

/** By scheme, the requests that take no proxy from the environment. All those of Azure's SDK do. */
const directRequests: ReadonlyMap<string, DirectRequests> = new Map<string, DirectRequests>([
  [
    's3:',
    {
      endpoint: 'https://amazonaws.com',
      isSent: () => true,
      describe: (location) => `${location} is reached directly, without a proxy`,
    },
  ],
  [
    'gs:',
    {
      endpoint: 'https://storage.googleapis.com',
      // The chunks of an upload are sent by Node's own fetch:
      // https://nodejs.org/api/cli.html#node_use_env_proxy1
      isSent: (access, { NODE_USE_ENV_PROXY }) => access === 'write' && NODE_USE_ENV_PROXY !== '1',
      describe: (location) => `uploads to ${location} go directly, without a proxy`,
    },
  ],
])

/**
 * A sentence for people where the environment names a proxy that this storage is not reached
 * through; else undefined.
 */
export function proxyNotice(
  url: URL,
  access: 'read' | 'write',
  environment: Environment,
): string | undefined {
  const requests = directRequests.get(url.protocol)
  if (requests?.isSent(access, environment) !== true) return undefined
  const endpoint = URL.parse(url.searchParams.get('endpoint') ?? requests.endpoint)
  const kind = endpoint?.protocol === 'http:' ? 'http' : 'https'
  const names = [`${kind}_proxy`, 'all_proxy'].flatMap((name) => [name.toUpperCase(), name])
  const name = names.find((candidate) => isSet(environment[candidate]))
  if (name === undefined || isExempt(endpoint?.hostname ?? '', environment)) return undefined
  return `${name} is set, but ${requests.describe(shownLocation(url))}`
}

function isExempt(host: string, { NO_PROXY, no_proxy }: Environment): boolean {
  const entries = (NO_PROXY ?? no_proxy ?? '').split(',').map((entry) => entry.trim())
  return entries
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || `.${host}`.endsWith(`.${entry.replace(/^\*?\./, '')}`))
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

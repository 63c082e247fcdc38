import type { Storage } from '@kannery/resources'
import { locationIn } from '@kannery/storage/backend'
import type { Environment } from '../system.ts'

/** How the environment lets the requests to a store go past its proxy. */
interface DirectRequests {
  readonly bucketUrl: string
  readonly bucket: { readonly prefix?: string | undefined; readonly endpoint?: string | undefined }
  /** Where they go unless the document names an endpoint. */
  readonly endpoint: string
  readonly isSent: boolean
  readonly describe: (location: string) => string
}

/** The requests that take no proxy from the environment. All those of Azure's SDK do. */
function directRequests(
  { s3, gcsBucket }: Storage['spec'],
  access: 'read' | 'write',
  { NODE_USE_ENV_PROXY }: Environment,
): DirectRequests | undefined {
  if (s3 !== undefined) {
    return {
      bucketUrl: `s3://${s3.bucket}`,
      bucket: s3,
      endpoint: 'https://amazonaws.com',
      isSent: true,
      describe: (location) => `${location} is reached directly, without a proxy`,
    }
  }
  if (gcsBucket === undefined) return undefined
  return {
    bucketUrl: `gs://${gcsBucket.bucket}`,
    bucket: gcsBucket,
    endpoint: 'https://storage.googleapis.com',
    // The chunks of an upload are sent by Node's own fetch:
    // https://nodejs.org/api/cli.html#node_use_env_proxy1
    isSent: access === 'write' && NODE_USE_ENV_PROXY !== '1',
    describe: (location) => `uploads to ${location} go directly, without a proxy`,
  }
}

/**
 * A sentence for people where the environment names a proxy that this storage is not reached
 * through; else undefined.
 */
export function proxyNotice(
  { spec }: Storage,
  access: 'read' | 'write',
  environment: Environment,
): string | undefined {
  const requests = directRequests(spec, access, environment)
  if (requests?.isSent !== true) return undefined
  const { bucketUrl, bucket } = requests
  const endpoint = URL.parse(bucket.endpoint ?? requests.endpoint)
  const kind = endpoint?.protocol === 'http:' ? 'http' : 'https'
  const names = [`${kind}_proxy`, 'all_proxy'].flatMap((name) => [name.toUpperCase(), name])
  const name = names.find((candidate) => isSet(environment[candidate]))
  if (name === undefined || isExempt(endpoint?.hostname ?? '', environment)) return undefined
  return `${name} is set, but ${requests.describe(locationIn(bucketUrl, bucket.prefix))}`
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

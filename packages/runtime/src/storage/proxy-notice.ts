import type { Environment } from '../environment.ts'
import { shownLocation } from './storage-url.ts'

/** Schemes whose SDK takes no proxy from the environment. Those of Azure and Google do. */
const direct: ReadonlySet<string> = new Set(['s3:'])

/** A sentence for people where the environment names a proxy that this storage is not reached through; else undefined. */
export function proxyNotice(url: URL, environment: Environment): string | undefined {
  if (!direct.has(url.protocol)) return undefined
  const endpoint = URL.parse(url.searchParams.get('endpoint') ?? 'https://amazonaws.com')
  const kind = endpoint?.protocol === 'http:' ? 'http' : 'https'
  const names = [`${kind}_proxy`, 'all_proxy'].flatMap((name) => [name.toUpperCase(), name])
  const name = names.find((candidate) => isSet(environment[candidate]))
  if (name === undefined || isExempt(endpoint?.hostname ?? '', environment)) return undefined
  return `${name} is set, but ${shownLocation(url)} is reached directly, without a proxy`
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

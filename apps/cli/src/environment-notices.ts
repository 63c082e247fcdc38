import type { Environment } from '@kannery/runtime'

/**
 * Variables of the environment that other programs obey and this one does not: what to do instead.
 */
export function environmentNotices(environment: Environment): readonly string[] {
  return environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
    ? [
        'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always verified. Trust an authority by NODE_EXTRA_CA_CERTS, or by the settings of the Kafka connection.',
      ]
    : []
}

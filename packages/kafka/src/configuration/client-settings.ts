import { KanneryError } from '@kannery/storage'

/** Security settings that Kannery follows. */
const followed: ReadonlySet<string> = new Set([
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.password',
  'ssl.truststore.certificates',
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.keystore.key',
  'ssl.keystore.certificate.chain',
  'ssl.key.password',
  'ssl.endpoint.identification.algorithm',
])

/**
 * Security settings that can be ignored without connecting in another way than was asked for: TLS
 * 1.2 and 1.3 are used whatever they say, and settings of a mechanism that is refused anyway do not
 * matter.
 */
const harmless: readonly RegExp[] = [
  /^ssl\.protocol$/,
  /^ssl\.enabled\.protocols$/,
  /^ssl\.(keymanager|trustmanager)\.algorithm$/,
  /^ssl\.secure\.random\.implementation$/,
  /^sasl\.kerberos\./,
  /^sasl\.oauthbearer\./,
  /^sasl\.login\.(refresh|retry|connect|read)\./,
]

const reasons: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/callback\.handler\.class$/, 'it names Java code, which Kannery cannot run'],
  [/^sasl\.login\.class$/, 'it names Java code, which Kannery cannot run'],
  [/^ssl\.engine\.factory\.class$/, 'it names Java code, which Kannery cannot run'],
  [/^ssl\.provider$|^security\.providers$/, 'it names Java code, which Kannery cannot run'],
  [/^ssl\.cipher\.suites$/, 'Kannery negotiates the ciphers of TLS 1.2 and 1.3 by itself'],
  [/^config\.providers/, 'values are not fetched from elsewhere: the file has to hold them'],
]

/**
 * Checks that there is no unknown security setting: to ignore one could mean to connect less
 * securely than its author believes. All other settings belong to producers, consumers or tools.
 *
 * @throws CONFIG_INVALID
 */
export function assertKnownSettings(properties: ReadonlyMap<string, string>): void {
  for (const [setting, value] of properties) {
    const ofSecurity = /^(ssl|sasl|security|config\.providers)(\.|$)/.test(setting)
    if (!ofSecurity || value === '' || followed.has(setting)) continue
    if (harmless.some((pattern) => pattern.test(setting))) continue
    const [, why] = reasons.find(([pattern]) => pattern.test(setting)) ?? []
    throw new KanneryError('CONFIG_INVALID', `the setting ${setting} is not supported`, {
      why: why ?? 'Kannery does not know it, and security settings are not ignored',
      remedy: 'Remove it from the file for Kannery, if the connection works without it.',
      facts: { setting },
    })
  }
}

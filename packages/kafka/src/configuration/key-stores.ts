import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { KanneryError } from '@kannery/storage'
import { isJavaKeyStore, KeyStoreFailure, readJavaTrustStore } from './java-key-store.ts'
import { certificatesOf, encodePem, privateKeyOf } from './pem.ts'
import { isPkcs12, readPkcs12 } from './pkcs12.ts'

/** A file with a trust or key store: PEM, PKCS #12 or JKS. */
export interface StoreFile {
  /** Name of the setting that the file came from, for errors. */
  readonly setting: string
  readonly location: string
  readonly content: Buffer
  readonly password: string | undefined
}

/** A certificate chain and its key, both PEM. `passphrase` decrypts the key. */
export interface ClientIdentity {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string | undefined
}

/**
 * Reads the trusted certificates of a store, as PEM. The kind is recognised by the content, as in
 * Java: many a `.jks` file is PKCS #12.
 *
 * @throws CONFIG_INVALID
 */
export function readTrustStore(store: StoreFile): string {
  const { content, setting, location } = store
  const certificates = readStore(store, (password) => {
    if (isJavaKeyStore(content)) return readJavaTrustStore(content, password)
    if (isPkcs12(content)) return readPkcs12(content, password ?? '').certificates
    return undefined
  })
  const pem =
    certificates === undefined
      ? certificatesOf(content.toString('utf8'))
      : certificates.map((der) => encodePem('CERTIFICATE', der)).join('')
  if (pem === undefined || pem === '') {
    throw new KanneryError('CONFIG_INVALID', `no trusted certificate in ${location}`, {
      why: 'the file holds no certificate in PEM, PKCS #12 or JKS form',
      remedy: `Give the certificate of the authority that signed those of the brokers as ${setting}.`,
      facts: { setting },
    })
  }
  return checkedCertificates(pem, setting)
}

/**
 * Reads certificate chain and private key of a store.
 *
 * @throws CONFIG_INVALID
 */
export function readKeyStore(store: StoreFile, keyPassword: string | undefined): ClientIdentity {
  const { content, setting, location } = store
  if (isJavaKeyStore(content)) throw convertJks(store)
  if (isPkcs12(content)) return identityOf(store)
  const text = content.toString('utf8')
  const cert = certificatesOf(text)
  const key = privateKeyOf(text)
  if (cert === undefined || key === undefined) {
    throw new KanneryError(
      'CONFIG_INVALID',
      `no ${cert === undefined ? 'certificate' : 'private key'} in ${location}`,
      {
        why: 'a key store holds a certificate chain and its private key',
        remedy: `Put both into one PEM file or a PKCS #12 store, and name it as ${setting}.`,
        facts: { setting },
      },
    )
  }
  return checkedIdentity({ cert, key, passphrase: keyPassword }, { setting })
}

/** Where an identity was configured, for errors. */
interface IdentitySource {
  /** Setting, or path of the file, that has the certificate. */
  readonly setting: string
  /** Setting that has the passphrase of the key. Defaults to `ssl.key.password`. */
  readonly passwordSetting?: string
}

/**
 * Checks that key and certificate belong together and that the passphrase decrypts the key.
 *
 * @throws CONFIG_INVALID
 */
export function checkedIdentity(identity: ClientIdentity, source: IdentitySource): ClientIdentity {
  const { setting } = source
  checkedCertificates(identity.cert, setting)
  const own = new X509Certificate(identity.cert)
  if (!own.checkPrivateKey(openKey(identity, source))) {
    throw new KanneryError('CONFIG_INVALID', 'client certificate and private key do not match', {
      why: 'the first certificate of the chain is for another key',
      remedy: `Correct ${setting}: the certificate of the key comes first, then those that signed it.`,
      facts: { setting },
    })
  }
  return identity
}

/**
 * Checks that every certificate of `pem` can be read.
 *
 * @throws CONFIG_INVALID
 */
export function checkedCertificates(pem: string, setting: string): string {
  for (const certificate of pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []) {
    try {
      new X509Certificate(certificate)
    } catch (cause) {
      throw new KanneryError('CONFIG_INVALID', `a certificate of ${setting} cannot be read`, {
        why: (cause as Error).message,
        remedy: 'Give X.509 certificates as PEM.',
        facts: { setting },
        cause,
      })
    }
  }
  return pem
}

function openKey(
  { key, passphrase: secret }: ClientIdentity,
  { setting, passwordSetting = 'ssl.key.password' }: IdentitySource,
): KeyObject {
  try {
    return createPrivateKey({ key, passphrase: secret })
  } catch {
    // OpenSSL's messages ("bad decrypt", "unsupported") do not help, and must not carry the key
    // along.
    const encrypted = key.includes('ENCRYPTED')
    throw new KanneryError('CONFIG_INVALID', 'the private key cannot be opened', {
      why: encrypted
        ? secret === undefined
          ? 'it is encrypted, and no password was given'
          : 'it is encrypted, and the password does not open it'
        : 'it is not a private key that OpenSSL can read',
      remedy: encrypted
        ? `Give its password as ${passwordSetting}.`
        : 'Give it as PKCS #8 in PEM form: openssl pkcs8 -topk8 -in KEY -out KEY.pem',
      facts: { setting },
    })
  }
}

function identityOf(store: StoreFile): ClientIdentity {
  const { setting, location } = store
  const { certificates, privateKeys } = readStore(store, (password) =>
    readPkcs12(store.content, password ?? ''),
  )
  const [key, ...others] = privateKeys
  if (key === undefined || others.length > 0) {
    throw new KanneryError('CONFIG_INVALID', `${location} is not a key store for one client`, {
      why: `it holds ${privateKeys.length} private keys, where one is needed`,
      remedy: `Name a store with the one key that is meant as ${setting}.`,
      facts: { setting },
    })
  }
  const pem = encodePem('PRIVATE KEY', key)
  const chain = chainFor(createPrivateKey(pem), certificates)
  return checkedIdentity({ cert: chain, key: pem }, { setting })
}

/**
 * Orders certificates as TLS requires: the certificate of `key`, then the one that issued it, and
 * so on.
 */
function chainFor(key: KeyObject, certificates: readonly Buffer[]): string {
  const rest = new Set(certificates.map((der) => new X509Certificate(der)))
  const chain: X509Certificate[] = []
  let next = [...rest].find((certificate) => certificate.checkPrivateKey(key))
  while (next !== undefined) {
    const current = next
    rest.delete(current)
    chain.push(current)
    next = [...rest].find((candidate) => current.checkIssued(candidate))
  }
  return chain.map((certificate) => certificate.toString()).join('')
}

function readStore<T>(store: StoreFile, read: (password: string | undefined) => T): T {
  const { setting, location } = store
  try {
    return read(store.password)
  } catch (error) {
    if (!(error instanceof KeyStoreFailure)) throw error
    throw new KanneryError('CONFIG_INVALID', `the store ${location} cannot be read`, {
      why: error.message,
      remedy: `Check ${setting} and its password: keytool -list -keystore '${location}'`,
      facts: { setting },
      cause: error,
    })
  }
}

function convertJks({ location, setting }: StoreFile): KanneryError {
  return new KanneryError('CONFIG_INVALID', `${location} is a key store in Java's old JKS format`, {
    why: "its private key is encrypted by a scheme of Sun's own, which Kannery does not read",
    remedy: `Convert it once, and name the new file as ${setting}: keytool -importkeystore -srckeystore '${location}' -srcstoretype JKS -destkeystore '${location.replace(/\.jks$/, '')}.p12' -deststoretype PKCS12`,
    facts: { setting },
  })
}

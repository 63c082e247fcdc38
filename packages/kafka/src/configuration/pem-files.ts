import { KanneryError } from '@kannery/storage'
import { type ClientIdentity, checkedCertificates, checkedIdentity } from './key-stores.ts'
import { certificatesOf, privateKeyOf } from './pem.ts'

/** A file of PEM blocks. */
export interface PemFile {
  /** Path of the file, for errors. */
  readonly path: string
  readonly text: string
}

/** The passphrase of an encrypted private key. */
export interface KeyPassphrase {
  readonly value: string | undefined
  /** Where the passphrase is configured, for errors. */
  readonly setting: string
}

/**
 * Reads the trusted certificate authorities of a file.
 *
 * @throws CONFIG_INVALID with the file when it holds none, or one that cannot be read
 */
export function readAuthorities(file: PemFile): string {
  return checkedCertificates(certificatesIn(file), file.path)
}

/**
 * Reads a client's certificate chain and its key, from two files or from one.
 *
 * @throws CONFIG_INVALID with the file when one cannot be read, they do not belong together, or the
 *   passphrase does not decrypt the key
 */
export function readIdentity(
  certificateFile: PemFile,
  keyFile: PemFile,
  passphrase: KeyPassphrase,
): ClientIdentity {
  const key = privateKeyOf(keyFile.text)
  if (key === undefined) throw without('private key', keyFile)
  const { value, setting } = passphrase
  const identity = {
    cert: certificatesIn(certificateFile),
    key,
    passphrase: value,
  }
  return checkedIdentity(identity, { setting: certificateFile.path, passwordSetting: setting })
}

function certificatesIn(file: PemFile): string {
  const certificates = certificatesOf(file.text)
  if (certificates === undefined) throw without('certificate', file)
  return certificates
}

function without(what: string, { path }: PemFile): KanneryError {
  return new KanneryError('CONFIG_INVALID', `no ${what} in ${path}`, {
    why: `the file has no PEM block of a ${what}`,
    remedy: 'Name the file that holds it, in the form of PEM.',
    facts: { path },
  })
}

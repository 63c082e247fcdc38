import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Sun's own key store format (sun.security.provider.JavaKeyStore). Java itself writes PKCS #12
 * since version 9.
 */
const magic = 0xfeed_feed
const digestBytes = 20
const privateKeyTag = 1
const trustedCertificateTag = 2

export function isJavaKeyStore(store: Buffer): boolean {
  return store.length > 12 + digestBytes && store.readUInt32BE(0) === magic
}

/** Why a store cannot be read, without secrets. */
export class KeyStoreFailure extends Error {}

/**
 * Reads the trusted certificates (DER) of a JKS store. Its private keys are skipped: they are
 * encrypted by a scheme of Sun's own.
 *
 * @param password without one the digest over the store is not checked, as in Java
 * @throws KeyStoreFailure
 */
export function readJavaTrustStore(store: Buffer, password: string | undefined): readonly Buffer[] {
  if (password !== undefined) checkDigest(store, password)
  try {
    return readEntries(store)
  } catch (error) {
    if (error instanceof RangeError) throw new KeyStoreFailure('it is damaged or cut off')
    throw error
  }
}

/**
 * Checks the digest at the end of a store: SHA-1 over the password (UTF-16), a fixed text, and all
 * bytes before it.
 */
function checkDigest(store: Buffer, password: string): void {
  const content = store.subarray(0, store.length - digestBytes)
  const digest = createHash('sha1')
    .update(Buffer.from(password, 'utf16le').swap16())
    .update('Mighty Aphrodite')
    .update(content)
    .digest()
  if (!timingSafeEqual(digest, store.subarray(content.length))) {
    throw new KeyStoreFailure('the password is wrong, or the store is damaged')
  }
}

function readEntries(store: Buffer): readonly Buffer[] {
  const reader = new Reader(store)
  reader.uint32() // magic
  const version = reader.uint32()
  if (version !== 1 && version !== 2) {
    throw new KeyStoreFailure(`it has the unknown version ${version}`)
  }
  const certificates: Buffer[] = []
  for (let entries = reader.uint32(); entries > 0; entries--) {
    const tag = reader.uint32()
    reader.bytes(reader.uint16()) // alias
    reader.bytes(8) // creation time
    if (tag === trustedCertificateTag) certificates.push(readCertificate(reader, version))
    else if (tag === privateKeyTag) skipPrivateKey(reader, version)
    else throw new KeyStoreFailure(`it has an entry of the unknown kind ${tag}`)
  }
  return certificates
}

function readCertificate(reader: Reader, version: number): Buffer {
  if (version === 2) reader.bytes(reader.uint16()) // "X.509"
  return reader.bytes(reader.uint32())
}

function skipPrivateKey(reader: Reader, version: number): void {
  reader.bytes(reader.uint32())
  for (let chain = reader.uint32(); chain > 0; chain--) readCertificate(reader, version)
}

class Reader {
  readonly #source: Buffer
  #position = 0

  constructor(source: Buffer) {
    this.#source = source
  }

  uint16(): number {
    this.#position += 2
    return this.#source.readUInt16BE(this.#position - 2)
  }

  uint32(): number {
    this.#position += 4
    return this.#source.readUInt32BE(this.#position - 4)
  }

  bytes(length: number): Buffer {
    const start = this.#position
    this.#position += length
    if (this.#position > this.#source.length) throw new RangeError('the store ends too early')
    return this.#source.subarray(start, this.#position)
  }
}

import { createRequire } from 'node:module'
import type forge from 'node-forge'
import { KeyStoreFailure } from './java-key-store.ts'

const require = createRequire(import.meta.url)

interface Pkcs12Content {
  /** Certificates, DER. */
  readonly certificates: readonly Buffer[]
  /** Private keys, PKCS #8, DER, decrypted. */
  readonly privateKeys: readonly Buffer[]
}

/** Loads the library when the first store is read: it takes 60 ms, and few clusters need it. */
function library(): typeof forge {
  return require('node-forge') as typeof forge
}

/** Whether a store is PKCS #12, which is ASN.1 and begins with a SEQUENCE. */
export function isPkcs12(store: Buffer): boolean {
  return store[0] === 0x30
}

/**
 * Opens a PKCS #12 store (RFC 7292) that keytool or OpenSSL wrote.
 *
 * @throws KeyStoreFailure
 */
export function readPkcs12(store: Buffer, password: string): Pkcs12Content {
  const content = open(store, password)
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = library().pki.oids
  return {
    certificates: bags(content, certBag).map(certificateDer),
    privateKeys: [...bags(content, pkcs8ShroudedKeyBag), ...bags(content, keyBag)].map(keyDer),
  }
}

function open(store: Buffer, password: string): forge.pkcs12.Pkcs12Pfx {
  const { asn1: der, pkcs12, util } = library()
  try {
    const asn1 = der.fromDer(util.createBuffer(store.toString('binary')))
    return pkcs12.pkcs12FromAsn1(asn1, false, password)
  } catch (cause) {
    const wrongPassword = /MAC could not be verified|Invalid password/.test(String(cause))
    throw new KeyStoreFailure(
      wrongPassword
        ? 'the password is wrong, or the store is damaged'
        : 'it is damaged, or holds something that Kannery cannot read',
      { cause },
    )
  }
}

function bags(content: forge.pkcs12.Pkcs12Pfx, bagType: string | undefined): forge.pkcs12.Bag[] {
  return bagType === undefined ? [] : (content.getBags({ bagType })[bagType] ?? [])
}

/** Encodes a certificate. The library parses RSA only, and returns all others as plain ASN.1. */
function certificateDer(bag: forge.pkcs12.Bag): Buffer {
  return derOf(bag.cert == null ? bag.asn1 : library().pki.certificateToAsn1(bag.cert))
}

function keyDer(bag: forge.pkcs12.Bag): Buffer {
  if (bag.key == null) return derOf(bag.asn1)
  const { pki } = library()
  return derOf(pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(bag.key)))
}

function derOf(asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(library().asn1.toDer(asn1).getBytes(), 'binary')
}

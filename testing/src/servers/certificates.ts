import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

/** Protects every key store; the PEM keys have no passphrase. */
export const storePassword = 'kannery-store'

/** One identity in the three forms in which people have it. */
export interface Identity {
  readonly certificatePem: string
  readonly keyPem: string
  readonly pkcs12: string
  readonly jks: string
}

/** Paths of files. */
export interface Certificates {
  readonly storePassword: string
  /** Who to trust, in three forms. */
  readonly authority: { readonly pem: string; readonly pkcs12: string; readonly jks: string }
  /** For localhost and 127.0.0.1. */
  readonly server: Identity
  /** For other.invalid only: a client that checks host names must refuse it. */
  readonly otherHost: Identity
  /** CN=kannery-client. */
  readonly client: Identity
}

/** Makes an authority and what it signs, in `folder`, which exists. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const pem = join(folder, 'authority.pem')
  const key = join(folder, 'authority.key')
  await openssl([
    'req',
    '-x509',
    ...newKey(key),
    '-days',
    '30',
    '-subj',
    '/CN=kannery-authority',
    '-out',
    pem,
  ])
  const issue = (name: string, commonName: string, names: string): Promise<Identity> =>
    issueIdentity({ folder, name, commonName, names })
  const [authority, server, otherHost, client] = await Promise.all([
    trustStores(folder, pem),
    issue('server', 'localhost', 'DNS:localhost,IP:127.0.0.1'),
    issue('other-host', 'other.invalid', 'DNS:other.invalid'),
    issue('client', 'kannery-client', 'DNS:kannery-client'),
  ])
  return { storePassword, authority, server, otherHost, client }
}

async function issueIdentity(request: {
  readonly folder: string
  readonly name: string
  readonly commonName: string
  readonly names: string
}): Promise<Identity> {
  const file = (suffix: string): string => join(request.folder, `${request.name}${suffix}`)
  const identity: Identity = {
    certificatePem: file('.pem'),
    keyPem: file('.key'),
    pkcs12: file('.p12'),
    jks: file('.jks'),
  }
  const authority = join(request.folder, 'authority')
  await writeFile(file('.ext'), `subjectAltName=${request.names}\n`)
  await openssl([
    'req',
    ...newKey(identity.keyPem),
    '-subj',
    `/CN=${request.commonName}`,
    '-out',
    file('.csr'),
  ])
  await openssl([
    'x509',
    '-req',
    '-in',
    file('.csr'),
    '-days',
    '30',
    '-extfile',
    file('.ext'),
    '-CA',
    `${authority}.pem`,
    '-CAkey',
    `${authority}.key`,
    '-CAcreateserial',
    '-CAserial',
    file('.srl'),
    '-out',
    identity.certificatePem,
  ])
  await openssl([
    'pkcs12',
    '-export',
    '-in',
    identity.certificatePem,
    '-inkey',
    identity.keyPem,
    '-certfile',
    `${authority}.pem`,
    '-name',
    request.name,
    '-passout',
    `pass:${storePassword}`,
    '-out',
    identity.pkcs12,
  ])
  await run('keytool', [
    '-importkeystore',
    '-noprompt',
    '-srcstoretype',
    'PKCS12',
    '-srckeystore',
    identity.pkcs12,
    '-srcstorepass',
    storePassword,
    '-deststoretype',
    'JKS',
    '-destkeystore',
    identity.jks,
    '-deststorepass',
    storePassword,
  ])
  return identity
}

async function trustStores(folder: string, pem: string): Promise<Certificates['authority']> {
  const stores = { pkcs12: join(folder, 'trust.p12'), jks: join(folder, 'trust.jks') }
  const importInto = (type: string, file: string): Promise<string> =>
    run('keytool', [
      '-importcert',
      '-noprompt',
      '-alias',
      'authority',
      '-file',
      pem,
      '-storetype',
      type,
      '-keystore',
      file,
      '-storepass',
      storePassword,
    ])
  await Promise.all([importInto('PKCS12', stores.pkcs12), importInto('JKS', stores.jks)])
  return { pem, ...stores }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', file]
}

function openssl(commandArguments: readonly string[]): Promise<string> {
  return run('openssl', commandArguments)
}

import { join } from 'node:path'
import { run } from '../processes/run.ts'

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
  const inFolder: InFolder = (commandLine) => {
    const [command = '', ...commandArguments] = commandLine.split(' ')
    return run(command, commandArguments, { cwd: folder })
  }
  await inFolder(
    `openssl req -x509 ${newKey} -keyout authority.key -days 30 -subj /CN=kannery-authority -out authority.pem`,
  )
  await Promise.all([
    ...['PKCS12 -keystore trust.p12', 'JKS -keystore trust.jks'].map((store) =>
      inFolder(
        `keytool -importcert -noprompt -alias authority -file authority.pem -storepass ${storePassword} -storetype ${store}`,
      ),
    ),
    issue(inFolder, 'server', 'DNS:localhost,IP:127.0.0.1'),
    issue(inFolder, 'other.invalid', 'DNS:other.invalid'),
    issue(inFolder, 'kannery-client', 'DNS:kannery-client'),
  ])
  const file = (name: string): string => join(folder, name)
  const identity = (name: string): Identity => ({
    certificatePem: file(`${name}.pem`),
    keyPem: file(`${name}.key`),
    pkcs12: file(`${name}.p12`),
    jks: file(`${name}.jks`),
  })
  return {
    storePassword,
    authority: { pem: file('authority.pem'), pkcs12: file('trust.p12'), jks: file('trust.jks') },
    server: identity('server'),
    otherHost: identity('other.invalid'),
    client: identity('kannery-client'),
  }
}

/** Runs a command line, of words without spaces, in the folder of the certificates. */
type InFolder = (commandLine: string) => Promise<string>

const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc'

async function issue(inFolder: InFolder, name: string, alternativeNames: string): Promise<void> {
  const sign = `-CA authority.pem -CAkey authority.key -CAcreateserial -CAserial ${name}.srl`
  await inFolder(
    `openssl req ${newKey} -keyout ${name}.key -subj /CN=${name} -addext subjectAltName=${alternativeNames} -out ${name}.csr`,
  )
  await inFolder(
    `openssl x509 -req -in ${name}.csr -copy_extensions copy -days 30 ${sign} -out ${name}.pem`,
  )
  await inFolder(
    `openssl pkcs12 -export -in ${name}.pem -inkey ${name}.key -certfile authority.pem -name ${name} -passout pass:${storePassword} -out ${name}.p12`,
  )
  await inFolder(
    `keytool -importkeystore -noprompt -srcstoretype PKCS12 -srckeystore ${name}.p12 -srcstorepass ${storePassword} -deststoretype JKS -destkeystore ${name}.jks -deststorepass ${storePassword}`,
  )
}

import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

type ScramHash = 'sha256' | 'sha512'

interface ScramCredentials {
  readonly hash: ScramHash
  readonly username: string
  readonly password: string
}

/**
 * Least number of iterations: brokers refuse fewer when a user is created, and a server that asks
 * for fewer is refused here, because a cheap hash is quickly guessed.
 */
const leastIterations = 4096
/**
 * Greatest number of iterations: a server that asks for more wastes the client's time on purpose.
 */
const mostIterations = 10_000_000

const keyBytes: Readonly<Record<ScramHash, number>> = { sha256: 32, sha512: 64 }

/** Header for no channel binding, which Kafka's brokers do not support. */
const gs2Header = 'n,,'

/** Why an exchange failed, without any of its secrets. */
export class ScramFailure extends Error {}

/**
 * The client's side of SCRAM (RFC 5802, with SHA-256: RFC 7677) as Kafka uses it (KIP-84). Both
 * sides prove that they know the password. A server that cannot is refused, so that a false broker
 * learns nothing useful and gets no data.
 */
export class ScramClient {
  readonly #credentials: ScramCredentials
  readonly #nonce: string
  readonly #firstBare: string
  #serverSignature: Buffer | undefined

  /** `nonce` must be fresh and printable, without commas. */
  constructor(credentials: ScramCredentials, nonce: string) {
    this.#credentials = credentials
    this.#nonce = nonce
    this.#firstBare = `n=${escapeName(credentials.username)},r=${nonce}`
  }

  first(): string {
    return `${gs2Header}${this.#firstBare}`
  }

  /** Answers the server's first message with the proof that the client knows the password. */
  async final(serverFirst: string): Promise<string> {
    const { salt, iterations, nonce } = this.#readServerFirst(serverFirst)
    const { hash, password } = this.#credentials
    const salted = await promisify(pbkdf2)(password, salt, iterations, keyBytes[hash], hash)
    const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${nonce}`
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`
    const clientKey = hmac(hash, salted, 'Client Key')
    const storedKey = createHash(hash).update(clientKey).digest()
    const proof = xor(clientKey, hmac(hash, storedKey, authMessage))
    this.#serverSignature = hmac(hash, hmac(hash, salted, 'Server Key'), authMessage)
    return `${withoutProof},p=${proof.toString('base64')}`
  }

  /**
   * Checks the server's proof that it knows the password, too.
   *
   * @throws ScramFailure when it does not.
   */
  verify(serverFinal: string): void {
    const attributes = readAttributes(serverFinal)
    const refusal = attributes.get('e')
    if (refusal !== undefined) throw new ScramFailure(`the broker refused: ${refusal}`)
    const signature = Buffer.from(attributes.get('v') ?? '', 'base64')
    const expected = this.#serverSignature
    if (
      expected === undefined ||
      signature.length !== expected.length ||
      !timingSafeEqual(signature, expected)
    ) {
      throw new ScramFailure('the broker could not prove that it knows the password')
    }
  }

  #readServerFirst(message: string): { salt: Buffer; iterations: number; nonce: string } {
    const attributes = readAttributes(message)
    const refusal = attributes.get('e')
    if (refusal !== undefined) throw new ScramFailure(`the broker refused: ${refusal}`)
    const nonce = attributes.get('r') ?? ''
    const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
    const iterations = Number(attributes.get('i'))
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ScramFailure('the broker did not answer to our challenge')
    }
    if (salt.length === 0 || !Number.isInteger(iterations) || attributes.has('m')) {
      throw new ScramFailure('the broker answered what is not SCRAM')
    }
    if (iterations < leastIterations || iterations > mostIterations) {
      throw new ScramFailure(
        `the broker asks for ${iterations} iterations (allowed are ${leastIterations} to ${mostIterations})`,
      )
    }
    return { salt, iterations, nonce }
  }
}

/**
 * Escapes `=` and `,` in a name, which separate attributes (RFC 5802, 5.1). SASLprep is skipped, as
 * in Kafka.
 */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

function readAttributes(message: string): ReadonlyMap<string, string> {
  return new Map(
    message.split(',').map((attribute) => {
      const separator = attribute.indexOf('=')
      return [attribute.slice(0, Math.max(separator, 0)), attribute.slice(separator + 1)]
    }),
  )
}

function hmac(hash: ScramHash, key: Buffer, message: string): Buffer {
  return createHmac(hash, key).update(message).digest()
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)))
}

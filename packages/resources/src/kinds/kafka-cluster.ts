import { z } from 'zod'
import { ipv6Pattern, portPattern } from '../values/address.ts'
import { advice, type Immutable, matchingText, oneOf, someText } from '../values/schemas.ts'
import { secretReference } from '../values/secret-reference.ts'
import { saslMechanisms } from '../values.ts'
import { envelope } from './envelope.ts'

const address = matchingText(new RegExp(`^(${ipv6Pattern}|[A-Za-z0-9._-]+):${portPattern}$`), {
  what: "a broker's address",
  right:
    'Write host:port without a user, such as localhost:9092 or [::1]:9092; a port is 1 to 65535.',
})

const tls = z
  .strictObject({
    /** Certificates to trust, as PEM. Defaults to those that Node.js trusts. */
    ca: secretReference.optional(),
    /** The client's certificate, as PEM. */
    certificate: secretReference.optional(),
    /** The private key of the client's certificate, as PEM. */
    key: secretReference.optional(),
    /** Passphrase of the private key, where it has one. */
    keyPassphrase: secretReference.optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: 'a client certificate needs its key, and a key its certificate',
    params: { right: 'Write both certificate and key, or neither.' },
  })

const spec = z
  .strictObject({
    /** Brokers to start from, each as `host:port`. */
    bootstrapServers: z
      .array(address)
      .min(1)
      .register(advice, { right: 'Write a list of host:port, such as [localhost:9092].' })
      .optional(),
    /** A client.properties file of Kafka's own tools. The other fields win over it. */
    clientProperties: secretReference.optional(),
    /** Encrypts the connection, also where it is empty. */
    tls: tls.register(advice, { right: 'Write {} for TLS with the usual authorities.' }).optional(),
    /** How to authenticate. */
    sasl: z
      .strictObject({
        mechanism: oneOf(saslMechanisms),
        username: someText('Write the name of the user.'),
        password: secretReference,
      })
      .optional(),
  })
  .refine(
    ({ bootstrapServers, clientProperties }) =>
      bootstrapServers !== undefined || clientProperties !== undefined,
    {
      message: 'no Kafka broker is named',
      params: { right: 'Write bootstrapServers, or clientProperties that have bootstrap.servers.' },
    },
  )
  .register(advice, { right: 'Write bootstrapServers at least.' })

export const kafkaClusterSchema = envelope('KafkaCluster', spec)

/** How a Kafka cluster is reached, as it is written. */
export type KafkaClusterDocument = Immutable<z.input<typeof kafkaClusterSchema>>

/** How a Kafka cluster is reached. */
export type KafkaCluster = Immutable<z.output<typeof kafkaClusterSchema>>

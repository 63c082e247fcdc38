import { saslMechanisms } from '@kannery/resources/values'
import { passwordVariable } from '../../documents/kafka-cluster.ts'
import { choice, flag, type Option, refused, text } from '../../options.ts'

type TextOption =
  | 'bootstrap'
  | 'config-file'
  | 'tls-ca-file'
  | 'tls-certificate-file'
  | 'tls-key-file'
  | 'sasl-mechanism'
  | 'sasl-username'
  | 'sasl-password-file'

/** The options that describe a Kafka connection. */
export type KafkaOptions = Readonly<Record<TextOption, Option<string | undefined>>> & {
  readonly tls: Option<boolean>
  readonly 'sasl-password': Option<undefined>
}

/** The options of the Kafka connection on one side of the copy, which their names begin with. */
export function kafkaOptions(side: 'from' | 'to'): KafkaOptions {
  return {
    bootstrap: text({
      name: side,
      value: 'host:port',
      description: 'Kafka brokers to connect to first, separated by commas',
    }),
    'config-file': text({
      name: `${side}-config`,
      value: 'file',
      description: "Kafka's own client.properties",
    }),
    tls: flag({ name: `${side}-tls`, description: 'encrypt the connection' }),
    'tls-ca-file': text({
      name: `${side}-tls-ca`,
      value: 'file',
      description: 'certificates of the authorities to trust, as PEM',
    }),
    'tls-certificate-file': text({
      name: `${side}-tls-certificate`,
      value: 'file',
      description: "the client's certificate, as PEM",
    }),
    'tls-key-file': text({
      name: `${side}-tls-key`,
      value: 'file',
      description: "the client's private key, as PEM",
    }),
    'sasl-mechanism': choice(saslMechanisms)({
      name: `${side}-sasl-mechanism`,
      value: 'mechanism',
      description: 'how to authenticate',
    }),
    'sasl-username': text({
      name: `${side}-sasl-username`,
      value: 'name',
      description: 'the user to authenticate as',
    }),
    'sasl-password-file': text({
      name: `${side}-sasl-password-file`,
      value: 'file',
      description: `a file that holds the password (or set ${passwordVariable})`,
    }),
    'sasl-password': refused({
      name: `${side}-sasl-password`,
      instead: `Use --${side}-sasl-password-file, or set ${passwordVariable}.`,
    }),
  }
}

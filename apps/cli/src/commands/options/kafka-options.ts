import { type KafkaConnectionFlags, passwordVariable, saslMechanisms } from '@kannery/runtime'
import type { OptionDeclaration, OptionValues } from '../../command.ts'

type Side = 'from' | 'to'

/** The options that describe a Kafka connection; `side` says which end of the copy it is. */
export function kafkaOptions(side: Side): readonly OptionDeclaration[] {
  return [
    {
      name: side,
      value: 'host:port',
      description: 'Kafka brokers to start from, separated by commas',
    },
    { name: `${side}-config`, value: 'file', description: "Kafka's own client.properties" },
    { name: `${side}-tls`, description: 'encrypt the connection' },
    { name: `${side}-tls-ca`, value: 'file', description: 'certificates to trust, as PEM' },
    {
      name: `${side}-tls-certificate`,
      value: 'file',
      description: "the client's certificate, as PEM",
    },
    { name: `${side}-tls-key`, value: 'file', description: "the client's private key, as PEM" },
    {
      name: `${side}-sasl-mechanism`,
      value: 'mechanism',
      description: 'how to authenticate',
      choices: saslMechanisms,
    },
    { name: `${side}-sasl-username`, value: 'name', description: 'the user to authenticate as' },
    {
      name: `${side}-sasl-password-file`,
      value: 'file',
      description: `a file that holds the password (or set ${passwordVariable})`,
    },
    {
      name: `${side}-sasl-password`,
      description: 'refused',
      refused: `Use --${side}-sasl-password-file, or set ${passwordVariable}.`,
    },
  ]
}

export function kafkaFlags(side: Side, options: OptionValues): KafkaConnectionFlags {
  return {
    bootstrap: options.text(side),
    configFile: options.text(`${side}-config`),
    tls: options.flag(`${side}-tls`),
    tlsCaFile: options.text(`${side}-tls-ca`),
    tlsCertificateFile: options.text(`${side}-tls-certificate`),
    tlsKeyFile: options.text(`${side}-tls-key`),
    saslMechanism: options.text(`${side}-sasl-mechanism`),
    saslUsername: options.text(`${side}-sasl-username`),
    saslPasswordFile: options.text(`${side}-sasl-password-file`),
  }
}

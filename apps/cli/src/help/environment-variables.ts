import { pluginFolderVariable, pluginsVariable } from '@kannery/runtime'
import { targetCredentialsVariable } from '../commands/work/copy.ts'
import { identityVariable } from '../documents/backup.ts'
import { keyPassphraseVariable, passwordVariable } from '../documents/kafka-cluster.ts'
import { credentialsVariable } from '../documents/storage.ts'

/**
 * Every environment variable that kannery itself reads; a cloud's SDK reads its own in addition.
 */
export const environmentVariables: readonly {
  readonly name: string
  readonly description: string
}[] = [
  { name: passwordVariable, description: 'the SASL password, if no option names a file for it' },
  { name: keyPassphraseVariable, description: "the passphrase of the client's private key" },
  {
    name: credentialsVariable,
    description:
      "the absolute path of the storage's secrets: a folder with one file per secret, as Kubernetes mounts a Secret, or a file of name=value lines; without it a cloud's SDK uses its own default sources",
  },
  {
    name: targetCredentialsVariable,
    description: `for kannery copy: the same for the target, if its secrets differ from those of the source; empty: no secrets for the target`,
  },
  { name: identityVariable, description: 'the default of --identity' },
  {
    name: pluginsVariable,
    description:
      'storage backends that take precedence: absolute paths or package names, separated as in PATH',
  },
  {
    name: pluginFolderVariable,
    description: 'the absolute path of the folder into which kannery plugin add installs',
  },
]

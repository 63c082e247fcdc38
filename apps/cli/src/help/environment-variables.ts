import {
  credentialsVariable,
  keyPassphraseVariable,
  passwordVariable,
  pluginFolderVariable,
  pluginsVariable,
} from '@kannery/runtime'
import { identityVariable } from '../commands/work/backup.ts'
import { targetCredentialsVariable } from '../commands/work/copy.ts'

/** Every environment variable that kannery itself reads; a cloud's SDK reads its own besides. */
export const environmentVariables: readonly {
  readonly name: string
  readonly description: string
}[] = [
  { name: passwordVariable, description: 'the SASL password, where no file is named for it' },
  { name: keyPassphraseVariable, description: "the passphrase of the client's private key" },
  {
    name: credentialsVariable,
    description:
      "the absolute path of the storage's secrets: a folder with one file per secret, as Kubernetes mounts a Secret, or a file of name=value lines; without it a cloud's SDK looks in its own places",
  },
  {
    name: targetCredentialsVariable,
    description: `for kannery copy: the same for the target, where its secrets are others than the source's; empty: the target has none of its own`,
  },
  { name: identityVariable, description: 'what --identity says' },
  {
    name: pluginsVariable,
    description:
      'storage backends to use before all others: absolute paths or package names, separated as in PATH',
  },
  {
    name: pluginFolderVariable,
    description: 'the absolute path of the folder that kannery plugin add fills',
  },
]

import { parseStorageUrl, pluginSources, type StorageLocation } from '@kannery/runtime'
import type { ArgumentDeclaration, Invocation } from '../../command.ts'

export const storageArgument: ArgumentDeclaration = {
  name: 'storage',
  description: 'a folder, or a URL such as s3://bucket/prefix',
}

/** A storage as typed on the command line. @throws CONFIG_INVALID */
export function storageAt(
  text: string | undefined,
  {
    directory,
    environment,
    app,
    terminal,
  }: Pick<Invocation, 'directory' | 'environment' | 'app' | 'terminal'>,
): StorageLocation {
  return {
    url: parseStorageUrl(text ?? '', directory),
    plugins: pluginSources(environment, app),
    environment,
    onNote: (line) => terminal.note(line),
  }
}

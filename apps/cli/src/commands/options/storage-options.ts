import { parseStorageUrl, pluginSources, type StorageLocation } from '@kannery/runtime'
import type { CommandContext } from '../../command.ts'

export const storageArgument: { readonly description: string } = {
  description: 'a folder, or a URL such as s3://bucket/prefix',
}

/** A storage as typed on the command line. @throws CONFIG_INVALID */
export function storageAt(
  text: string,
  {
    directory,
    environment,
    app,
    terminal,
  }: Pick<CommandContext, 'directory' | 'environment' | 'app' | 'terminal'>,
): StorageLocation {
  return {
    url: parseStorageUrl(text, directory),
    plugins: pluginSources(environment, app),
    environment,
    onNote: (line) => terminal.note(line),
  }
}

import { pluginSources, type StorageLocation } from '@kannery/runtime'
import type { CommandContext } from '../../command.ts'
import { storageDocument } from '../../documents/storage.ts'

export const storageArgument: { readonly description: string } = {
  description: 'a folder, or a URL such as s3://bucket/prefix',
}

/** A storage as typed on the command line. @throws CONFIG_INVALID, PLUGIN_* */
export async function storageAt(
  text: string,
  context: Pick<CommandContext, 'directory' | 'environment' | 'app' | 'terminal'>,
): Promise<StorageLocation> {
  const { environment, app, terminal } = context
  return {
    storage: await storageDocument(text, context),
    plugins: pluginSources(environment, app),
    environment,
    onNote: (line) => terminal.note(line),
  }
}

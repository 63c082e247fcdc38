import type { StorageLocation } from '@kannery/runtime'
import type { KanneryError } from '@kannery/storage'
import type { CommandContext } from '../../command.ts'
import { type Option, text } from '../../options.ts'
import { storageAt } from '../options/storage-options.ts'

export const topicOption: Option<string | undefined> = text({
  short: 't',
  value: 'name',
  description: 'only this topic; defaults to all topics of the storage',
})

export interface RetentionWork {
  readonly storage: StorageLocation
  readonly topic?: string
  readonly onWarning: (warning: KanneryError) => void
}

interface RetentionInvocation extends CommandContext {
  readonly arguments: { readonly storage: string }
  readonly options: { readonly topic: string | undefined }
}

/** The storage and the topics on which a command about retention works. */
export async function retentionWork(invocation: RetentionInvocation): Promise<RetentionWork> {
  const { terminal } = invocation
  const { topic } = invocation.options
  return {
    storage: await storageAt(invocation.arguments.storage, invocation),
    ...(topic === undefined ? {} : { topic }),
    onWarning: (warning) => terminal.warning(warning),
  }
}

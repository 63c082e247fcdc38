import type { FailedTopic, StorageLocation } from '@kannery/runtime'
import type { KanneryError } from '@kannery/storage'
import type { Invocation, OptionDeclaration } from '../../command.ts'
import { storageAt } from '../options/storage-options.ts'

export const topicOption: OptionDeclaration = {
  name: 'topic',
  short: 't',
  value: 'name',
  description: 'only this topic; all of the storage without it',
}

export interface RetentionWork {
  readonly storage: StorageLocation
  readonly topic?: string
  readonly onWarning: (warning: KanneryError) => void
}

/** On which topics of which storage a command about retention works. */
export function retentionWork(invocation: Invocation): RetentionWork {
  const { options, terminal } = invocation
  const topic = options.text('topic')
  return {
    storage: storageAt(invocation.arguments[0], invocation),
    ...(topic === undefined ? {} : { topic }),
    onWarning: (warning) => terminal.warning(warning),
  }
}

/** A line for each topic of which not all could be done. */
export function failureLines(failed: readonly FailedTopic[]): string[] {
  return failed.map(({ topic, code, message }) => `failed: ${topic}: ${code}: ${message}`)
}

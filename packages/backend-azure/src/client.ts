import type { ContainerClient, StoragePipelineOptions } from '@azure/storage-blob'
import type { BackendContext, ObjectVersion } from '@kannery/storage'
import { type AzureConfig, accountOf } from './config.ts'
import { readCredentials } from './credentials.ts'

/**
 * Loads the SDK and makes a client. Sends nothing yet. The SDK for identities is loaded only when
 * one is needed: each takes half a second.
 */
export async function connect(
  config: AzureConfig,
  context: Pick<BackendContext, 'credentials' | 'userAgent'>,
): Promise<ContainerClient> {
  const account = accountOf(config)
  const credentials = readCredentials(context.credentials, account)
  const sdk = await import('@azure/storage-blob')
  const url = `${config.endpoint}/${config.container}`
  const options: StoragePipelineOptions = {
    // One attempt: the decorators of @kannery/storage retry, and know which retries are safe.
    retryOptions: { maxTries: 1 },
    // Leaves connections to the global agents of Node.js, which keep them alive and close an idle
    // one before the server does. Those of the SDK write into connections that the server closed.
    keepAliveOptions: { enable: false },
    userAgentOptions: { userAgentPrefix: context.userAgent },
  }
  switch (credentials.kind) {
    case 'key': {
      const key = new sdk.StorageSharedKeyCredential(account, credentials.accountKey)
      return new sdk.ContainerClient(url, key, options)
    }
    case 'sas':
      return new sdk.ContainerClient(`${url}?${credentials.sasToken}`, undefined, options)
    case 'identity': {
      const { DefaultAzureCredential } = await import('@azure/identity')
      return new sdk.ContainerClient(url, new DefaultAzureCredential(), options)
    }
  }
}

/** Returns the options that abort a call. The SDK's types do not allow undefined. */
export function abortOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return { ...(signal && { abortSignal: signal }) }
}

/** Returns the condition that a blob has not changed, if there is a version to compare with. */
export function unlessChanged(ifVersion: ObjectVersion | undefined): {
  conditions?: { ifMatch: ObjectVersion }
} {
  return { ...(ifVersion && { conditions: { ifMatch: ifVersion } }) }
}

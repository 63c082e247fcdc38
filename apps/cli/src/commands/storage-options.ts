import { type StorageLocation, parseStorageUrl } from '@kannery/runtime'

/** A storage as typed on the command line; backends are looked for beside this app. */
export function storageAt(text: string, directory: string): StorageLocation {
  return { url: parseStorageUrl(text, directory), appUrl: import.meta.url }
}

import { z } from 'zod'
import { ipv6Pattern, portPattern } from '../values/address.ts'
import {
  advice,
  exactlyOne,
  type Immutable,
  matchingText,
  oneOf,
  someText,
  trueOrFalse,
} from '../values/schemas.ts'
import { absolutePath, secretReference } from '../values/secret-reference.ts'
import { envelope } from './envelope.ts'

const bucket = matchingText(/^[^/?#\s]+$/, {
  what: 'the name of a bucket',
  right: 'Write its name alone, without a scheme, a slash or a space.',
})

const prefix = matchingText(/^(?!\/)(?!.*\/$)(?!.*\/\/)[^\0]+$/, {
  what: 'a folder of a storage',
  right: 'Write names with "/" between them, such as backups/prod, and none at either end.',
})

const endpoint = matchingText(
  new RegExp(`^https?://(${ipv6Pattern}|[^\\s/?#@:[\\]]+)(:${portPattern})?(/[^\\s?#]*)?$`),
  {
    what: 'an address of a service',
    right:
      'Write it with http or https, without a user and options: https://minio.example.com:9000; a port is 1 to 65535.',
  },
)

const credentials = z
  .strictObject({
    /** A folder with one file for each secret, or a file of `name=value` lines. */
    path: absolutePath.optional(),
    /** One reference for each secret, by the names that the storage's documentation lists. */
    secrets: z
      .record(z.string(), secretReference)
      .register(advice, { right: 'Write a name and a reference for each secret.' })
      .optional(),
  })
  .refine(...exactlyOne(['path', 'secrets']))

const kindsOfStorage = ['folder', 's3', 'gcsBucket', 'azureContainer', 'custom']

const spec = z
  .strictObject({
    /** A folder on this machine or on a mounted disk. */
    folder: z
      .strictObject({
        path: absolutePath,
        /** Who may use the files: the user alone (the default), or the folder's group as well. */
        access: oneOf(['owner', 'group']).optional(),
      })
      .optional(),
    /** A bucket of Amazon S3 or of a compatible store. */
    s3: z
      .strictObject({
        bucket,
        /** Folder of the bucket that holds everything. */
        prefix: prefix.optional(),
        /** Defaults to what the SDK finds: AWS_REGION, or the profile. */
        region: someText('Write a region such as eu-central-1.').optional(),
        /** Address of a compatible store. Defaults to Amazon S3. */
        endpoint: endpoint.optional(),
        /**
         * Whether the bucket is in the path instead of the host name. Defaults to true with an
         * endpoint.
         */
        forcePathStyle: trueOrFalse().optional(),
        /** Storage class of segments. */
        storageClass: someText('Write a class such as STANDARD_IA.').optional(),
        serverSideEncryption: oneOf(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
        kmsKeyId: someText('Write the id or the ARN of a key.').optional(),
        objectLockMode: oneOf(['GOVERNANCE', 'COMPLIANCE']).optional(),
      })
      .optional(),
    /** A bucket of Google Cloud Storage. */
    gcsBucket: z
      .strictObject({ bucket, prefix: prefix.optional(), endpoint: endpoint.optional() })
      .optional(),
    /** A container of Azure Blob Storage. */
    azureContainer: z
      .strictObject({
        /** Address of the account's blob service, such as `https://acme.blob.core.windows.net`. */
        location: endpoint,
        container: someText('Write the name of the container.'),
        directory: prefix.optional(),
      })
      .optional(),
    /** A storage of another plugin. */
    custom: z
      .strictObject({
        /** Type of storage that the plugin provides. The plugin itself is installed beforehand. */
        plugin: someText('Write the type of storage that the plugin provides, such as sqlite.'),
        /** Configuration of the storage, as the plugin defines it. */
        config: z
          .record(z.string(), z.unknown())
          .register(advice, { right: "Write the plugin's options." }),
      })
      .optional(),
    /**
     * Where the secrets of the storage are. Defaults to where the SDK of the cloud looks:
     * environment, profile, workload identity.
     */
    credentials: credentials.optional(),
  })
  .refine(...exactlyOne(kindsOfStorage))
  .register(advice, { right: `Write exactly one of ${kindsOfStorage.join(', ')}.` })

export const storageSchema = envelope('Storage', spec)

/** A place that backups are stored in, as it is written. */
export type StorageDocument = Immutable<z.input<typeof storageSchema>>

/** A place that backups are stored in. */
export type Storage = Immutable<z.output<typeof storageSchema>>

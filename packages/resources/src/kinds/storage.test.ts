import { describe } from 'vitest'
import { storage, testWrong } from '../../test/wrong-documents.ts'

describe('a wrong Storage', () => {
  testWrong({
    'a storage of no kind': [storage('{}'), 'spec', /names none of/, /exactly one of/],
    'a storage of two kinds': [
      storage('{folder: {path: /a}, s3: {bucket: b}}'),
      'spec',
      /names folder and s3/,
      /exactly one of/,
    ],
    'a misspelt kind of storage': [
      storage('{folder: {path: /a}, gcsbucket: {bucket: b}}'),
      'spec.gcsbucket',
      /not a known field/,
      /Did you mean gcsBucket/,
    ],
    'a relative folder': [
      storage('{folder: {path: ./backups}}'),
      'spec.folder.path',
      /"\.\/backups" is not an absolute path/,
      /from the root on/,
    ],
    'no bucket': [storage('{s3: {}}'), 'spec.s3.bucket', /missing/, /name alone/],
    'a URL for a bucket': [
      storage('{s3: {bucket: "s3://prod"}}'),
      'spec.s3.bucket',
      /not the name of a bucket/,
      /without a scheme/,
    ],
    'a prefix with a slash at its end': [
      storage('{s3: {bucket: b, prefix: backups/}}'),
      'spec.s3.prefix',
      /"backups\/" is not a folder/,
      /none at either end/,
    ],
    'an endpoint without http': [
      storage('{s3: {bucket: b, endpoint: minio:9000}}'),
      'spec.s3.endpoint',
      /not an address/,
      /with http or https/,
    ],
    'yes for true': [
      storage('{s3: {bucket: b, forcePathStyle: yes}}'),
      'spec.s3.forcePathStyle',
      /is text, not true or false/,
      /true or false/,
    ],
    'a secret key': [
      storage('{s3: {bucket: b, secretAccessKey: hunter2}}'),
      'spec.s3.secretAccessKey',
      /holds a secret/,
      /{file: \/path}/,
    ],
    'a connection string for a location': [
      storage(
        '{azureContainer: {location: "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2", container: c}}',
      ),
      'spec.azureContainer.location',
      /holds a secret/,
      /spec\.credentials\.secrets/,
    ],
    'a user in an endpoint': [
      storage('{s3: {bucket: b, endpoint: "https://hunter2@storage.example.com"}}'),
      'spec.s3.endpoint',
      /the value is not an address/,
      /without a user/,
    ],
    'a secret under credentials': [
      storage('{s3: {bucket: b}, credentials: {secrets: {secretAccessKey: hunter2}}}'),
      'spec.credentials.secrets.secretAccessKey',
      /holds a secret/,
      /{environment: NAME}/,
    ],
    'a secret in an endpoint': [
      storage('{gcsBucket: {bucket: b, endpoint: "https://me:hunter2@storage.example.com"}}'),
      'spec.gcsBucket.endpoint',
      /holds a secret/,
      /{file: \/path}/,
    ],
    'a secret of another plugin': [
      storage('{custom: {plugin: redis, config: {nested: [{password: hunter2}]}}}'),
      'spec.custom.config.nested[0].password',
      /holds a secret/,
      /Remove it/,
    ],
    'a secret beside its name': [
      storage('{custom: {plugin: redis, config: {options: [{name: password, value: hunter2}]}}}'),
      'spec.custom.config.options[0].value',
      /holds a secret/,
      /spec\.credentials\.secrets/,
    ],
    'a secret in a text of JSON': [
      storage(`{custom: {plugin: redis, config: {options: '{"password":"hunter2"}'}}}`),
      'spec.custom.config.options',
      /holds a secret/,
      /spec\.credentials\.secrets/,
    ],
    'a secret under a field of a secret': [
      storage('{custom: {plugin: redis, config: {password: {value: hunter2}}}}'),
      'spec.custom.config.password.value',
      /holds a secret/,
      /spec\.credentials\.secrets/,
    ],
    'an empty name of a container': [
      storage('{azureContainer: {location: "https://acme.blob.core.windows.net", container: ""}}'),
      'spec.azureContainer.container',
      /is empty/,
      /name of the container/,
    ],
    'an endpoint whose port does not exist': [
      storage('{s3: {bucket: b, endpoint: "https://minio:99999/path"}}'),
      'spec.s3.endpoint',
      /not an address/,
      /1 to 65535/,
    ],
  })
})

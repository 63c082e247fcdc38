import { describe, expect, test } from 'vitest'
import { isSecretName, isSecretText } from './secret-text.ts'

describe('the name of a field', () => {
  test.each([
    'password',
    'Password',
    'pwd',
    'pass',
    'passwd',
    'keyPassphrase',
    'redis_password',
    'apiKey',
    'api_key',
    'api-key',
    'apikey',
    'secretAccessKey',
    'accountKey',
    'privateKey',
    'auth',
    'authorization',
    'dbpassword',
    'accessKeyId',
    'accesskeyid',
    'password2',
    'clientsecret',
    'tokens',
    'passcode',
    'token',
    'sessionToken',
    'sasSignature',
    'connectionString',
  ])('%s is that of a secret', (name) => {
    expect(isSecretName(name)).toBe(true)
  })

  test.each([
    'tokenFile',
    'passwordEnv',
    'password_file',
    'credentialsPath',
    'secretName',
    'authMode',
    'authDatabase',
    'clientAuth',
    'tokenUrl',
    'tokenEndpoint',
    'credentialsProvider',
    'secretArn',
    'signatureVersion',
    'passwordAge',
    'author',
    'passenger',
    'compass',
    'tokenizer',
    'kmsKeyId',
    'key',
    'monkey',
    'bypass',
    'maxTokens',
    'tokenRefreshInterval',
    'tokenLifetimeSeconds',
    'tokenLifetimeMs',
    'tokenLifetime',
    'tokenBucket',
    'existingSecret',
    'secretRef',
    'secretPrefix',
    'passwordAuthentication',
    'passwordPolicy',
    'tokenStore',
  ])('%s is not that of a secret', (name) => {
    expect(isSecretName(name)).toBe(false)
  })
})

describe('text', () => {
  test.each([
    'https://me:hunter2@example.com',
    'redis://me:hun/ter2@example.com/0',
    'redis://:hunter2@example.com/0',
    'redis://me:12345678/x@example.com',
    'postgres://example.com/db?user=a&password=hunter2',
    'https://example.com/db?X-Amz-Signature=hunter2',
    'me:hunter2@localhost:9092',
    'https://acme.blob.core.windows.net/c?sv=1&sig=hunter2',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2;EndpointSuffix=x',
    'BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=sv=1',
    'Server=db;User Id=me;Password=hunter2',
    'Server = db; Password = hunter2',
    'user = me password = hunter2; server = db',
    'password = hunter2',
    'user=me password=hunter2',
    '-----BEGIN RSA PRIVATE KEY-----',
    'redis://me:12345@example.com',
    '{"password":"hunter2"}',
    '[{"name": "a", "apiKey" : "hunter2"}]',
  ])('%s holds a secret', (text) => {
    expect(isSecretText(text)).toBe(true)
  })

  test.each([
    'https://example.com:9000/path@v1',
    'localhost:9092',
    'arn:aws:kms:eu-central-1:111122223333:key/1234',
    '/srv/backups/a:b@c',
    'me@example.com',
    'orders.*',
    '-----BEGIN CERTIFICATE-----',
    '{"passwordFile":"/run/password","author":"me"}',
    '{"password":{"environment":"P"},"token":""}',
    'https://example.com:9000/path and me@example.com',
    'C:\\backups@prod',
    'a:b@c',
    'Use token = x in the header',
    '{"maxTokens":"100"}',
  ])('%s holds none', (text) => {
    expect(isSecretText(text)).toBe(false)
  })

  test('holds a secret also far from its beginning', () => {
    const long = 'x '.repeat(10_000)
    expect(isSecretText(`${long}https://me:hunter2@example.com`)).toBe(true)
    expect(isSecretText(`${long}?access_token=hunter2`)).toBe(true)
    expect(isSecretText(`${long}{"password":"hunter2"}`)).toBe(true)
  })

  test.each([':', '://', 'a://b:', '&', 'pwd', ' -----BEGIN ', '@', '://@', '"a":', '"', 'a" :'])(
    'of a megabyte of %j is looked at in time',
    (piece) => {
      expect(isSecretText(piece.repeat(1_000_000 / piece.length))).toBe(false)
    },
  )
})

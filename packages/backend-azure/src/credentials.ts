import { KanneryError } from '@kannery/storage'

/** How this process authenticates. */
export type AzureCredentials =
  | { readonly kind: 'key'; readonly accountKey: string }
  | { readonly kind: 'sas'; readonly sasToken: string }
  /** By DefaultAzureCredential: environment, workload and managed identity, command-line tools. */
  | { readonly kind: 'identity' }

const names: readonly string[] = ['accountKey', 'sasToken', 'connectionString']

/** https://learn.microsoft.com/azure/storage/common/storage-connect-azurite */
const developmentAccount = 'devstoreaccount1'
const developmentKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** @throws CONFIG_INVALID, naming no value */
export function readCredentials(
  secrets: Readonly<Record<string, string>> | undefined,
  account: string,
): AzureCredentials {
  if (secrets === undefined) return { kind: 'identity' }
  const given = Object.entries(secrets).filter(([, value]) => value !== '')
  const unknownName = given.find(([name]) => !names.includes(name))?.[0]
  if (unknownName !== undefined) throw invalid(`Azure has no credential "${unknownName}"`)
  const [first, ...others] = given
  if (first === undefined) throw invalid('there is no credential for Azure')
  if (others.length > 0) throw invalid('there is more than one credential for Azure')
  const [name, value] = first
  if (name === 'accountKey') return { kind: 'key', accountKey: value }
  if (name === 'sasToken') return sas(value)
  return readConnectionString(value, account)
}

/**
 * Returns the key or token of a connection string. Its endpoint is ignored: the storage's URL names
 * one.
 * https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
 */
function readConnectionString(text: string, account: string): AzureCredentials {
  const fields = new Map(
    text.split(';').map((field) => {
      const equals = field.indexOf('=')
      return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()] as const
    }),
  )
  const isDevelopment = fields.get('UseDevelopmentStorage') === 'true'
  const named = isDevelopment ? developmentAccount : fields.get('AccountName')
  if (named !== undefined && named !== account) {
    throw new KanneryError('CONFIG_INVALID', 'the connection string is for another account', {
      why: `it names "${named}", but the storage lies in "${account}"`,
    })
  }
  const accountKey = isDevelopment ? developmentKey : fields.get('AccountKey')
  if (accountKey !== undefined) return { kind: 'key', accountKey }
  const sasToken = fields.get('SharedAccessSignature')
  if (sasToken !== undefined) return sas(sasToken)
  throw invalid('the connection string has neither AccountKey nor SharedAccessSignature')
}

function sas(token: string): AzureCredentials {
  return { kind: 'sas', sasToken: token.replace(/^\?/, '') }
}

function invalid(message: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: `Give one of ${names.join(', ')}, or none to use an identity.`,
  })
}

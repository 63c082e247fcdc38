const block = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g

interface PemBlock {
  readonly label: string
  readonly text: string
}

/**
 * Extracts all certificates of `text`, as one PEM in their order; undefined when there are none.
 */
export function certificatesOf(text: string): string | undefined {
  const found = blocks(text).filter(({ label }) => label === 'CERTIFICATE')
  return found.length === 0 ? undefined : found.map((certificate) => certificate.text).join('')
}

/** Extracts the first private key of `text`, encrypted or not; undefined when there is none. */
export function privateKeyOf(text: string): string | undefined {
  return blocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'))?.text
}

export function encodePem(label: string, der: Uint8Array): string {
  return wrap(label, Buffer.from(der).toString('base64'))
}

/**
 * Restores the line breaks of a PEM block, which are lost in a .properties file where lines were
 * continued by backslashes.
 */
function blocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(block)].map(([whole, label = '', body = '']) => {
    const base64 = body.replaceAll(/\s/g, '')
    const plain = /^[A-Za-z0-9+/=]*$/.test(base64)
    // With headers inside (Proc-Type: 4,ENCRYPTED) line breaks have a meaning: leave the block as
    // it is.
    return { label, text: plain ? wrap(label, base64) : `${whole}\n` }
  })
}

function wrap(label: string, base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

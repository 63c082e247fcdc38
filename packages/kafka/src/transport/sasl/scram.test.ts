import { describe, expect, test } from 'vitest'
import { ScramClient } from './scram.ts'

/** RFC 7677, section 3. */
const rfc = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  serverFirst:
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

function client(username = 'user', password = 'pencil'): ScramClient {
  return new ScramClient({ hash: 'sha256', username, password }, rfc.nonce)
}

describe('SCRAM', () => {
  test('sends the messages of the example in RFC 7677', async () => {
    const user = client()
    expect(user.first()).toBe(`n,,n=user,r=${rfc.nonce}`)
    expect(await user.final(rfc.serverFirst)).toBe(rfc.clientFinal)
    expect(() => user.verify(rfc.serverFinal)).not.toThrow()
  })

  test('escapes characters in a name that separate attributes', () => {
    expect(client('a=b,c').first()).toBe(`n,,n=a=3Db=2Cc,r=${rfc.nonce}`)
  })

  test.each([
    ['a wrong signature', 'v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='],
    ['a short signature', 'v=6rri'],
    ['none', ''],
    ['a refusal', 'e=invalid-proof'],
  ])('accepts no server that proves itself with %s', async (_name, serverFinal) => {
    const user = client()
    await user.final(rfc.serverFirst)
    expect(() => user.verify(serverFinal)).toThrow(/could not prove|refused/)
  })

  test('accepts no proof of a server before the exchange', () => {
    expect(() => client().verify(rfc.serverFinal)).toThrow(/could not prove/)
  })

  test.each([
    ['another challenge', 'r=other%hvY,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['our challenge alone', `r=${rfc.nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['few iterations', `r=${rfc.nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`],
    ['endless iterations', `r=${rfc.nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=10000001`],
    ['no salt', `r=${rfc.nonce}x,i=4096`],
    ['an extension that must be understood', `m=x,r=${rfc.nonce}x,s=W22ZaA==,i=4096`],
    ['an error', 'e=unknown-user'],
    ['noise', '\u0000\u0001'],
  ])('gives no proof to a server with %s', async (_name, serverFirst) => {
    await expect(client().final(serverFirst)).rejects.toThrow()
  })
})

import { describe, expect, test } from 'vitest'
import { defineBackendPlugin, isBackendPlugin } from './backend-plugin.ts'

describe('a backend plugin', () => {
  test('a plugin made by another copy of this package is recognised, whatever its contract', () => {
    expect(isBackendPlugin({ [Symbol.for('kannery.backend-plugin')]: true, contract: 2 })).toBe(
      true,
    )
  })

  test('an object that only looks like a plugin is not one until it is defined as one', () => {
    const plain = {
      contract: 1,
      type: 'x',
      urlSchemes: ['x'],
      configSchema: {
        '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) },
      },
      fromUrl: () => ({}),
      open: () => Promise.reject(new Error('not opened here')),
    } as const

    expect(isBackendPlugin(plain)).toBe(false)
    expect(isBackendPlugin(defineBackendPlugin(plain))).toBe(true)
  })
})

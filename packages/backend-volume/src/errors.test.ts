import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { volumeError } from './errors.ts'

const attempt = { operation: 'put', key: 'orders/index', path: '/data/orders/index' }

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: fails`), {
    code,
    errno: -1,
    syscall: 'write',
    path: '/data/orders/.kannery/unfinished-1',
  })
}

describe('an error of the file system', () => {
  // The meanings of errno: errno(3), and the pages of open(2), write(2), rename(2), link(2),
  // fsync(2).
  test.each([
    ['ENOSPC', 'STORAGE_FULL', 'never'],
    ['EDQUOT', 'STORAGE_FULL', 'never'],
    ['EACCES', 'STORAGE_DENIED', 'never'],
    ['EPERM', 'STORAGE_DENIED', 'never'],
    ['EROFS', 'STORAGE_DENIED', 'never'],
    ['ENAMETOOLONG', 'STORAGE_UNSUPPORTED', 'never'],
    ['EILSEQ', 'STORAGE_UNSUPPORTED', 'never'],
    ['ELOOP', 'STORAGE_UNSUPPORTED', 'never'],
    ['EXDEV', 'STORAGE_UNSUPPORTED', 'never'],
    ['EFBIG', 'STORAGE_UNSUPPORTED', 'never'],
    ['ENOTDIR', 'STORAGE_UNSUPPORTED', 'never'],
    ['EISDIR', 'STORAGE_UNSUPPORTED', 'never'],
    ['EEXIST', 'STORAGE_UNSUPPORTED', 'never'],
    ['ENOTEMPTY', 'STORAGE_UNSUPPORTED', 'never'],
    ['EINVAL', 'STORAGE_UNSUPPORTED', 'never'],
    ['ENOSYS', 'STORAGE_UNSUPPORTED', 'never'],
    ['ENOTSUP', 'STORAGE_UNSUPPORTED', 'never'],
    ['EOPNOTSUPP', 'STORAGE_UNSUPPORTED', 'never'],
    ['ENOENT', 'STORAGE_UNAVAILABLE', 'after-refresh'],
    ['EMFILE', 'STORAGE_UNAVAILABLE', 'same-request'],
    ['ENFILE', 'STORAGE_UNAVAILABLE', 'same-request'],
    ['EIO', 'STORAGE_UNAVAILABLE', 'same-request'],
    ['ESTALE', 'STORAGE_UNAVAILABLE', 'same-request'],
    ['ETIMEDOUT', 'STORAGE_UNAVAILABLE', 'same-request'],
    ['EHOSTDOWN', 'STORAGE_UNAVAILABLE', 'same-request'],
  ])('%s is %s, with retry: %s', (status, code, retry) => {
    const error = volumeError(failure(status), attempt) as KanneryError

    expect(error).toMatchObject({ code, retry, why: `write answered ${status}` })
    expect(error.message).toContain('/data/orders/.kannery/unfinished-1')
    expect(error.facts).toEqual({
      backend: 'volume',
      operation: 'put',
      key: 'orders/index',
      path: '/data/orders/.kannery/unfinished-1',
      status,
    })
    expect(error.cause).toMatchObject({ code: status })
  })

  test('errors of Kannery and defects pass unchanged', () => {
    const known = new KanneryError('STORAGE_RANGE', 'no such range')
    const defect = new TypeError('undefined is not a function')

    expect(volumeError(known, attempt)).toBe(known)
    expect(volumeError(defect, attempt)).toBe(defect)
  })
})

import { asError, type ErrorCode, KanneryError, type Retry } from '@kannery/storage'

/** What was being done when the file system answered with an error. */
export interface Attempt {
  readonly operation: string
  readonly key?: string
  readonly path: string
}

interface Meaning {
  readonly code: ErrorCode
  readonly says: string
  readonly retry?: Retry
  readonly remedy?: string
}

const unsupportedName: Meaning = {
  code: 'STORAGE_UNSUPPORTED',
  says: 'a file stands where a folder is needed, or the other way round',
  remedy: 'Move the file or folder named above out of the way; nothing was changed.',
}
const denied: Meaning = {
  code: 'STORAGE_DENIED',
  says: 'no permission',
  remedy: 'Give this user read and write permission for the path named above.',
}
const full: Meaning = { code: 'STORAGE_FULL', says: 'no space left' }
const unsupportedCall: Meaning = {
  code: 'STORAGE_UNSUPPORTED',
  says: 'the file system cannot do what a backup needs',
}
const disturbed: Meaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'the disk does not answer as it should',
  retry: 'same-request',
  remedy: 'Check the disk and its mount (the kernel log tells more), then run it again.',
}
const tooManyFiles: Meaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'too many open files',
  retry: 'same-request',
  remedy: 'Raise the limit of open files (ulimit -n) for this process.',
}

/**
 * By errno name. What is not here is {@link disturbed}. None of them means "absent": that is judged
 * where an object is looked up.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: { ...full, says: 'the disk quota is used up' },
  EACCES: denied,
  EPERM: denied,
  EROFS: {
    ...denied,
    says: 'the file system is mounted read-only',
    remedy: 'Mount it with write permission.',
  },
  ENAMETOOLONG: {
    code: 'STORAGE_UNSUPPORTED',
    says: 'the name is longer than this file system allows',
    remedy: 'Use a file system with names of 255 bytes, or a shorter path.',
  },
  EILSEQ: {
    code: 'STORAGE_UNSUPPORTED',
    says: 'this file system cannot hold the name',
    remedy: 'Use a file system that takes any name, for example ext4 or XFS.',
  },
  ELOOP: {
    code: 'STORAGE_UNSUPPORTED',
    says: 'a symbolic link stands below the storage folder',
    remedy: 'Replace the link by what it points to, or mount that there.',
  },
  EXDEV: {
    code: 'STORAGE_UNSUPPORTED',
    says: 'the folder and its .kannery lie on different file systems',
    remedy: 'Unmount what is mounted at .kannery.',
  },
  EFBIG: { ...unsupportedCall, says: 'the file system does not allow a file this large' },
  ENOTDIR: unsupportedName,
  EISDIR: unsupportedName,
  EEXIST: unsupportedName,
  ENOTEMPTY: unsupportedName,
  EINVAL: unsupportedCall,
  ENOSYS: unsupportedCall,
  ENOTSUP: unsupportedCall,
  EOPNOTSUPP: unsupportedCall,
  ENOENT: {
    code: 'STORAGE_UNAVAILABLE',
    says: 'a folder was removed or renamed meanwhile',
    retry: 'after-refresh',
    remedy: 'Leave the storage folder alone while a backup runs, then run it again.',
  },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
}

/**
 * The one place where an errno becomes an error of Kannery. Errors that already are one pass
 * unchanged.
 */
export function volumeError(error: unknown, attempt: Attempt): unknown {
  if (!isErrno(error)) return error
  const meaning = meanings[error.code] ?? disturbed
  const path = error.path ?? attempt.path
  return new KanneryError(meaning.code, `${meaning.says}: ${path}`, {
    cause: error,
    why: `${error.syscall ?? 'the call'} answered ${error.code}`,
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
    ...(meaning.remedy === undefined ? {} : { remedy: meaning.remedy }),
    facts: { ...facts(attempt), path, status: error.code },
  })
}

export interface ErrnoError extends Error {
  readonly code: string
  readonly syscall?: string
  readonly path?: string
}

export function isErrno(error: unknown, ...codes: readonly string[]): error is ErrnoError {
  if (!(error instanceof Error) || KanneryError.is(error)) return false
  const { code, errno } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof errno !== 'number') return false
  return codes.length === 0 || codes.includes(code)
}

export function notFound(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `no such object: ${attempt.path}`, {
    facts: facts(attempt),
  })
}

export function containerNotFound(attempt: Attempt, cause?: unknown): KanneryError {
  return new KanneryError('STORAGE_CONTAINER_NOT_FOUND', `no such folder: ${attempt.path}`, {
    cause,
    remedy: 'Check the path, and that its disk is mounted; create the folder if it is to be new.',
    facts: facts(attempt),
  })
}

export function alreadyExists(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_ALREADY_EXISTS', `already there: ${attempt.path}`, {
    retry: 'after-refresh',
    facts: facts(attempt),
  })
}

export function preconditionFailed(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_PRECONDITION_FAILED', `changed meanwhile: ${attempt.path}`, {
    retry: 'after-refresh',
    facts: facts(attempt),
  })
}

/** The folder could not be flushed after a name in it was given or removed. */
export function notDurable(attempt: Attempt, cause: unknown): KanneryError {
  const message = `the change is visible, but a power failure may undo it: ${attempt.path}`
  return new KanneryError('STORAGE_NOT_DURABLE', message, {
    cause,
    why: `the disk failed when its folder was flushed: ${asError(cause).message}`,
    remedy: 'Check the disk (the kernel log has details), then run it again.',
    facts: facts(attempt),
  })
}

export function rewriteNeeded(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_REWRITE_NEEDED', `nothing was stored: ${attempt.path}`, {
    retry: 'after-refresh',
    why: 'its unfinished file was cleaned away while this process slept',
    facts: facts(attempt),
  })
}

export function contended(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', `too many writers at once: ${attempt.path}`, {
    retry: 'same-request',
    why: 'others wrote the same object again and again; nothing of this write was stored',
    facts: facts(attempt),
  })
}

export function unsupported(
  message: string,
  options: { readonly why?: string; readonly remedy?: string; readonly attempt?: Attempt },
): KanneryError {
  const { why, remedy, attempt } = options
  return new KanneryError('STORAGE_UNSUPPORTED', message, {
    ...(why === undefined ? {} : { why }),
    ...(remedy === undefined ? {} : { remedy }),
    facts: attempt === undefined ? { backend: 'volume' } : facts(attempt),
  })
}

function facts(attempt: Attempt): Record<string, string | undefined> {
  return { backend: 'volume', ...attempt }
}

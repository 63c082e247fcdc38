import { asError, type ErrorFacts, KanneryError } from '@kannery/storage'
import { commonMeanings, type ErrorMeaning } from '@kannery/storage/backend'

/** The operation to which the file system answered with an error. */
export interface Attempt {
  readonly operation: string
  readonly key?: string
  readonly path: string
}

const wrongKind: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  message: 'a file is where a folder is needed, or the other way round',
  remedy: 'Move that file or folder away; nothing was changed.',
}
const denied: ErrorMeaning = {
  ...commonMeanings.denied,
  remedy: 'Give this user read and write permission for that path.',
}
const full: ErrorMeaning = { code: 'STORAGE_FULL', message: 'no space left' }
const unsupportedCall: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  message: 'the file system cannot do what a backup needs',
}
const disturbed: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  message: 'the disk does not answer as it should',
  retry: 'same-request',
  remedy: 'Check the disk and its mount (the kernel log has details), then try again.',
}
const tooManyFiles: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  message: 'too many open files',
  retry: 'same-request',
  remedy: 'Raise the limit of open files (ulimit -n) for this process.',
}

/**
 * By the name of the errno; any other is {@link disturbed}. None of them means that an object does
 * not exist: that is decided where it is looked up.
 */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  ENOSPC: full,
  EDQUOT: { ...full, message: 'the disk quota is used up' },
  EACCES: denied,
  EPERM: denied,
  EROFS: {
    ...denied,
    message: 'the file system is mounted read-only',
    remedy: 'Mount it with write permission.',
  },
  ENAMETOOLONG: {
    code: 'STORAGE_UNSUPPORTED',
    message: 'the name is longer than this file system allows',
    remedy: 'Use a file system with names of 255 bytes, or a shorter path.',
  },
  EILSEQ: {
    code: 'STORAGE_UNSUPPORTED',
    message: 'this file system cannot hold the name',
    remedy: 'Use a file system that takes any name, for example ext4 or XFS.',
  },
  ELOOP: {
    code: 'STORAGE_UNSUPPORTED',
    message: 'a symbolic link is below the storage folder',
    remedy: 'Replace the link with what it points to, or mount that there.',
  },
  EXDEV: {
    code: 'STORAGE_UNSUPPORTED',
    message: 'the folder and its .kannery are on different file systems',
    remedy: 'Unmount what is mounted at .kannery.',
  },
  EFBIG: { ...unsupportedCall, message: 'the file system does not allow a file this large' },
  ENOTDIR: wrongKind,
  EISDIR: wrongKind,
  EEXIST: wrongKind,
  ENOTEMPTY: wrongKind,
  EINVAL: unsupportedCall,
  ENOSYS: unsupportedCall,
  ENOTSUP: unsupportedCall,
  EOPNOTSUPP: unsupportedCall,
  ENOENT: {
    code: 'STORAGE_UNAVAILABLE',
    message: 'a folder was removed or renamed in the meantime',
    retry: 'after-refresh',
    remedy: 'Do not change the storage folder while a backup runs. Try again.',
  },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
}

/**
 * Turns an error of the file system into one of Kannery; errors of Kannery and defects pass
 * unchanged.
 */
export function volumeError(error: unknown, attempt: Attempt): unknown {
  if (!isErrno(error)) return error
  const meaning = meanings[error.code] ?? disturbed
  const path = error.path ?? attempt.path
  return new KanneryError(meaning.code, `${meaning.message}: ${path}`, {
    cause: error,
    why: `${error.syscall ?? 'the call'} answered ${error.code}`,
    retry: meaning.retry,
    remedy: meaning.remedy,
    facts: { ...factsOf(attempt), path, status: error.code },
  })
}

/** An error of a system call, as Node.js throws it. */
export interface ErrnoError extends Error {
  readonly code: string
  readonly syscall?: string
  readonly path?: string
}

/** Whether an error is a failed system call, with one of `codes` if any are given. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is ErrnoError {
  if (!(error instanceof Error) || KanneryError.is(error)) return false
  const { code, errno } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof errno !== 'number') return false
  return codes.length === 0 || codes.includes(code)
}

export function notFound(attempt: Attempt): KanneryError {
  return concluded(commonMeanings.notFound, attempt)
}

export function containerNotFound(attempt: Attempt, cause?: unknown): KanneryError {
  const meaning: ErrorMeaning = {
    code: 'STORAGE_CONTAINER_NOT_FOUND',
    message: 'no such folder',
    remedy: 'Check the path, and that its disk is mounted; create the folder if it is to be new.',
  }
  return concluded(meaning, attempt, cause)
}

export function alreadyExists(attempt: Attempt): KanneryError {
  return concluded(commonMeanings.alreadyExists, attempt)
}

export function preconditionFailed(attempt: Attempt): KanneryError {
  return concluded(commonMeanings.changed, attempt)
}

/** For a change whose folder could not be flushed after a name in it was created or removed. */
export function notDurable(attempt: Attempt, cause: unknown): KanneryError {
  const meaning: ErrorMeaning = {
    code: 'STORAGE_NOT_DURABLE',
    message: 'the change is visible, but a power failure may undo it',
    why: `the disk failed when its folder was flushed: ${asError(cause).message}`,
    remedy: 'Check the disk (the kernel log has details), then try again.',
  }
  return concluded(meaning, attempt, cause)
}

/** For a write whose unfinished file was swept while this process was suspended. */
export function rewriteNeeded(attempt: Attempt): KanneryError {
  const why = 'its unfinished file was cleaned up while this process was suspended'
  return concluded({ ...commonMeanings.rewriteNeeded, why }, attempt)
}

/** For a write that failed because other writers changed the same object again and again. */
export function contended(attempt: Attempt): KanneryError {
  const meaning: ErrorMeaning = {
    code: 'STORAGE_UNAVAILABLE',
    message: 'too many writers at once',
    retry: 'same-request',
    why: 'others wrote the same object again and again; nothing of this write was stored',
  }
  return concluded(meaning, attempt)
}

export function outsideRange(
  attempt: Attempt,
  range: { readonly start: number; readonly end: number; readonly size: number },
): KanneryError {
  const why = `bytes ${range.start} to ${range.end} were asked for, but it has ${range.size}`
  return concluded({ ...commonMeanings.outsideRange, why }, attempt)
}

/** For a file that became shorter while it was read. */
export function truncated(attempt: Attempt, position: number): KanneryError {
  const meaning: ErrorMeaning = {
    code: 'STORAGE_UNAVAILABLE',
    message: 'shortened while it was read',
    retry: 'after-refresh',
    why: `it ended at byte ${position}; something other than Kannery writes to it`,
  }
  return concluded(meaning, attempt)
}

/** For a file system, or a file in it, that does not have what a backup needs. */
export function unsupported(
  message: string,
  options: { readonly why?: string; readonly remedy?: string; readonly attempt?: Attempt },
): KanneryError {
  const { why, remedy, attempt } = options
  return new KanneryError('STORAGE_UNSUPPORTED', message, {
    why,
    remedy,
    facts: attempt === undefined ? { backend: 'volume' } : factsOf(attempt),
  })
}

function concluded(meaning: ErrorMeaning, attempt: Attempt, cause?: unknown): KanneryError {
  const { code, message, retry, why, remedy } = meaning
  const facts = factsOf(attempt)
  return new KanneryError(code, `${message}: ${attempt.path}`, { cause, retry, why, remedy, facts })
}

function factsOf(attempt: Attempt): ErrorFacts {
  return { backend: 'volume', ...attempt }
}

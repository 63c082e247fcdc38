import { KanneryError } from '@kannery/storage'

const facts = { backend: 'memory' }

export function notFound(key: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `no such object: ${key}`, {
    facts: { ...facts, key },
  })
}

export function containerNotFound(): KanneryError {
  return new KanneryError('STORAGE_CONTAINER_NOT_FOUND', 'no such memory', { facts })
}

export function alreadyExists(key: string): KanneryError {
  return new KanneryError('STORAGE_ALREADY_EXISTS', `already there: ${key}`, {
    retry: 'after-refresh',
    facts: { ...facts, key },
  })
}

export function preconditionFailed(key: string): KanneryError {
  return new KanneryError('STORAGE_PRECONDITION_FAILED', `changed meanwhile: ${key}`, {
    retry: 'after-refresh',
    facts: { ...facts, key },
  })
}

export function rangeOutside(key: string, size: number): KanneryError {
  return new KanneryError('STORAGE_RANGE', `no such byte range: ${key}`, {
    why: `it has ${size} bytes`,
    facts: { ...facts, key, size },
  })
}

export function rewriteNeeded(key: string): KanneryError {
  return new KanneryError('STORAGE_REWRITE_NEEDED', `nothing was stored: ${key}`, {
    retry: 'after-refresh',
    why: 'its unfinished parts were swept away',
    facts: { ...facts, key },
  })
}

export function throttled(key: string, retryAfterMs: number): KanneryError {
  return new KanneryError('STORAGE_THROTTLED', `written too often: ${key}`, {
    retry: 'same-request',
    facts: { ...facts, key, retryAfterMs },
  })
}

export function unsupported(what: string): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `this memory has no ${what}`, { facts })
}

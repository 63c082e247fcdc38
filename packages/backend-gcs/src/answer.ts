/** When an answer was given, by the storage's clock. */
export interface Answered {
  readonly answeredAt?: Date
}

/** Those of fetch, of which there is more than one class, or a plain object. */
interface HeadersOfAnswer {
  readonly get?: unknown
  readonly [name: string]: unknown
}

/** Of an answer of either library that the SDK asks through. */
export function headerOf(answer: unknown, name: string): string | undefined {
  const { headers = {} } = (answer ?? {}) as { readonly headers?: HeadersOfAnswer }
  const value = typeof headers.get === 'function' ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : undefined
}

export function answeredAt(answer: unknown): Answered {
  const date = new Date(headerOf(answer, 'date') ?? '')
  return Number.isNaN(date.getTime()) ? {} : { answeredAt: date }
}

import { type API, type Connection, Reader, ResponseError, type Writer } from '@platformatic/kafka'
import type { BrokerRequest } from './broker-request.ts'

/** Sends a request and resolves with the body of its answer, without the response header. */
export type Exchange = (request: BrokerRequest, taggedAnswer: boolean) => Promise<Buffer>

/**
 * Runs an API of @platformatic/kafka over `exchange`. Resolves with the answer also when it holds
 * Kafka error numbers, where the library itself would throw away the topics and partitions that
 * have none.
 */
export async function runApi<Arguments extends unknown[], Answer>(
  exchange: Exchange,
  api: API<Arguments, Answer>,
  args: Arguments,
): Promise<Answer> {
  try {
    return await api.async(connectionOver(exchange), ...args)
  } catch (error) {
    if (error instanceof ResponseError) {
      const { response } = error as { readonly response?: unknown }
      return response as Answer
    }
    throw error
  }
}

/** Makes the part of the library's Connection that its APIs use: `send`. */
function connectionOver(exchange: Exchange): Connection {
  const connection: Pick<Connection, 'send'> = {
    send(apiKey, apiVersion, createPayload, parse, flexible, taggedAnswer, callback) {
      const answered = async () => {
        const body: Writer = await createPayload()
        const request = { apiKey, apiVersion, flexible, body: [body.buffer] }
        return parse(0, apiKey, apiVersion, Reader.from(await exchange(request, taggedAnswer)))
      }
      answered().then(
        (answer) => callback(null, answer),
        (error: Error) => callback(error),
      )
    },
  }
  return connection as Connection
}

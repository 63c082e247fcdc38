import { type API, type Connection, Reader, ResponseError, type Writer } from '@platformatic/kafka'
import type { BrokerConnection } from '../src/transport/broker-connection.ts'
import type { BrokerRequest } from '../src/transport/broker-request.ts'

/** Sends a request and resolves with the body of its answer, without the response header. */
type Send = (request: BrokerRequest) => Promise<Buffer>

/**
 * Runs an API of another client library over one of our connections. Resolves with the answer also
 * when it holds Kafka error numbers, where the library would throw.
 */
export async function callLibrary<Arguments extends unknown[], Answer>(
  connection: Pick<BrokerConnection, 'request'>,
  api: API<Arguments, Answer>,
  ...args: Arguments
): Promise<Answer> {
  try {
    return await api.async(
      connectionOver((request) => connection.request(request)),
      ...args,
    )
  } catch (error) {
    if (error instanceof ResponseError) {
      const { response } = error as { readonly response?: unknown }
      return response as Answer
    }
    throw error
  }
}

/** Makes the part of the library's Connection that its APIs use: `send`. */
function connectionOver(send: Send): Connection {
  const connection: Pick<Connection, 'send'> = {
    send(apiKey, apiVersion, createPayload, parse, flexible, _taggedAnswer, callback) {
      const answered = async () => {
        const body: Writer = await createPayload()
        const request = { apiKey, apiVersion, flexible, body: [body.buffer] }
        return parse(0, apiKey, apiVersion, Reader.from(await send(request)))
      }
      answered().then(
        (answer) => callback(null, answer),
        (error: Error) => callback(error),
      )
    },
  }
  return connection as Connection
}

import { connect } from 'node:net'

const METADATA_REQUEST = 3
const METADATA_VERSION = 4
const ANSWER_PATIENCE_MS = 2_000

/**
 * Asks a broker for its cluster's brokers over the wire, without authentication. Resolves with how
 * many are alive, or undefined when the broker does not answer (yet).
 */
export function countLiveBrokers(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = Buffer.alloc(0)
    const end = (count: number | undefined): void => {
      socket.destroy()
      resolve(count)
    }
    socket.setTimeout(ANSWER_PATIENCE_MS, () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('close', () => end(undefined))
    socket.once('connect', () => socket.write(metadataRequest()))
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes])
      if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) {
        // length, correlation id, throttle time, then the array of brokers
        end(answer.readInt32BE(12))
      }
    })
  })
}

/**
 * Metadata v4 (the last one without tagged fields before more was added): no topics, create none.
 */
function metadataRequest(): Buffer {
  const clientId = Buffer.from('kannery-testing')
  const frame = Buffer.alloc(4 + 8 + 2 + clientId.length + 4 + 1)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(METADATA_REQUEST, 4)
  frame.writeInt16BE(METADATA_VERSION, 6)
  frame.writeInt32BE(1, 8)
  frame.writeInt16BE(clientId.length, 12)
  clientId.copy(frame, 14)
  return frame
}

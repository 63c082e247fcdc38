import { type HttpServerProcess, startHttpServer } from '../processes/http-server-process.ts'
import { buildGoProgram } from './go-program.ts'

const program = {
  name: 'fake-gcs-server',
  package: 'github.com/fsouza/fake-gcs-server',
  version: 'v1.56.1',
}

export interface GcsServer extends HttpServerProcess {
  createBucket(bucket: string): Promise<void>
}

/**
 * Google Cloud Storage in memory. Asks for no credentials; ignores the condition of a conditional
 * delete.
 */
export async function startFakeGcsServer(): Promise<GcsServer> {
  const binary = await buildGoProgram(program)
  const server = await startHttpServer({
    name: program.name,
    ports: 1,
    command: (_, [port]) => [
      binary,
      '-scheme',
      'http',
      '-host',
      '127.0.0.1',
      '-port',
      String(port),
      '-backend',
      'memory',
      '-public-host',
      `127.0.0.1:${port}`,
      '-external-url',
      `http://127.0.0.1:${port}`,
      '-log-level',
      'error',
    ],
  })
  return {
    ...server,
    createBucket: async (bucket) => {
      const answer = await fetch(`${server.endpoint}/storage/v1/b?project=kannery`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: bucket }),
      })
      if (!answer.ok) throw new Error(`fake-gcs-server made no bucket: ${await answer.text()}`)
    },
  }
}

import type { TestProject } from 'vitest/node'
import type { S3Credentials, S3Server } from './s3-server.ts'
import { startS3rver } from './s3rver.ts'
import { startSeaweedfs } from './seaweedfs.ts'
import { startVersitygw } from './versitygw.ts'

export interface SharedS3 {
  readonly endpoint: string
  readonly region: string
  readonly credentials: S3Credentials
}

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * Servers with the bucket `backups`, which all test files of a run share: each test has a
     * prefix of its own.
     */
    s3: {
      readonly seaweedfs: SharedS3 & { readonly reader: S3Credentials }
      readonly versitygw: SharedS3
      readonly s3rver: SharedS3
    }
  }
}

/** A vitest `globalSetup`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [seaweedfs, versitygw, s3rver] = await Promise.all([
    startSeaweedfs(),
    startVersitygw(),
    startS3rver(),
  ])
  const servers = [seaweedfs, versitygw, s3rver]
  await Promise.all(servers.map((server) => server.createBucket('backups')))
  project.provide('s3', {
    seaweedfs: { ...shared(seaweedfs), reader: seaweedfs.reader },
    versitygw: shared(versitygw),
    s3rver: shared(s3rver),
  })
  return async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

function shared({ endpoint, region, credentials }: S3Server): SharedS3 {
  return { endpoint, region, credentials }
}

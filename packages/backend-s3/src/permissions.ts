/**
 * The operations that need permissions: those of the contract, and requests of a streamed write.
 */
export type Operation =
  | 'head'
  | 'get'
  | 'put'
  | 'openWriter'
  | 'sendPart'
  | 'completeUpload'
  | 'abandonUpload'
  | 'list'
  | 'delete'
  | 'deleteMany'
  | 'sweepUnfinished'

const writing =
  's3:PutObject and s3:GetObject (with KMS also kms:GenerateDataKey and kms:Decrypt; with object lock also s3:PutObjectRetention)'

/**
 * What each operation needs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
export const permissions: Readonly<Record<Operation, string>> = {
  // Without s3:ListBucket S3 answers 403 instead of 404 for a key that does not exist.
  head: 's3:GetObject, and s3:ListBucket on the bucket: without it S3 does not say whether an object is missing',
  get: 's3:GetObject, and s3:ListBucket on the bucket: without it S3 does not say whether an object is missing (with KMS also kms:Decrypt)',
  // If-Match needs to read what it compares with.
  put: writing,
  openWriter: writing,
  sendPart: writing,
  completeUpload: writing,
  abandonUpload: 's3:AbortMultipartUpload',
  list: 's3:ListBucket on the bucket',
  // With If-Match also s3:GetObject.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
  delete: 's3:DeleteObject and s3:GetObject',
  deleteMany: 's3:DeleteObject',
  sweepUnfinished: 's3:ListBucketMultipartUploads on the bucket, and s3:AbortMultipartUpload',
}

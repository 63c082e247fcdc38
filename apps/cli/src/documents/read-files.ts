import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import type { DocumentText, ReadTexts } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'

/** Far more than documents may have: what comes after it is not read. */
const mostBytes = 16 * 1024 * 1024

/**
 * The documents of files, with the problems of those that are wrong.
 *
 * @param files paths, relative to `directory`; `-` is the standard input
 * @throws CONFIG_INVALID for a file that cannot be read or is no text
 */
export async function readFiles(files: readonly string[], directory: string): Promise<ReadTexts> {
  const { readTexts } = await import('@kannery/resources')
  const texts: DocumentText[] = []
  for (const file of files) {
    const source = file === '-' ? 'stdin' : file
    texts.push({ source, text: toText(await bytesOf(file, directory), source) })
  }
  return readTexts(texts)
}

async function bytesOf(file: string, directory: string): Promise<Buffer> {
  const stream = file === '-' ? process.stdin : createReadStream(resolve(directory, file))
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > mostBytes) break
    }
  } catch (cause) {
    const { errno, code } = cause as NodeJS.ErrnoException
    throw new KanneryError('CONFIG_INVALID', `the file ${file} cannot be read`, {
      why: errno === undefined ? String(cause) : `${getSystemErrorMessage(errno)} (${code})`,
      remedy: 'Check the path and its permissions.',
      cause,
    })
  }
  return Buffer.concat(chunks)
}

/**
 * The text of UTF-8, without the mark that may be at its start.
 *
 * @throws CONFIG_INVALID
 */
function toText(bytes: Buffer, source: string): string {
  const isUtf16 = [0xff_fe, 0xfe_ff].some(
    (mark) => bytes.length >= 2 && bytes.readUInt16BE() === mark,
  )
  if (isUtf16) throw notText(source, 'it is UTF-16')
  if (bytes.includes(0))
    throw notText(source, 'it holds bytes of zero, as binary data and UTF-16 do')
  try {
    const isCut = bytes.length > mostBytes
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
  } catch (cause) {
    throw notText(source, 'it holds bytes that are not UTF-8', cause)
  }
}

function notText(source: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('CONFIG_INVALID', `${source} is not text in UTF-8`, {
    why,
    remedy: 'Save it as UTF-8; YAML and JSON are text.',
    facts: { source },
    cause,
  })
}

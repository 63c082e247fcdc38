import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { schemas } from './kinds/kinds.ts'
import { parseDocuments } from './parsing/parse-documents.ts'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/documents.md', root), 'utf8')
const snippets = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
const example = readFileSync(new URL('examples/embed/documents.yaml', root), 'utf8')

/** Paths of all fields below a spec, as the page writes them. */
function* fieldsOf(schema: z.core.$ZodType, path = ''): Generator<string> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    yield* fieldsOf(schema.unwrap(), path)
  } else if (schema instanceof z.ZodArray && schema.element instanceof z.ZodObject) {
    yield* fieldsOf(schema.element, `${path}[]`)
  } else if (schema instanceof z.ZodObject && !('file' in schema.shape)) {
    for (const [name, field] of Object.entries(schema.shape)) {
      yield* fieldsOf(field as z.core.$ZodType, path === '' ? name : `${path}.${name}`)
    }
  } else {
    yield path
  }
}

describe('docs/documents.md', () => {
  test.each([...snippets, example])('has valid documents (%#)', (text) => {
    expect(parseDocuments(text).map(({ kind }) => kind)).toEqual(Object.keys(schemas))
  })

  test.each(Object.entries(schemas))('names every field of a %s', (kind, schema) => {
    const [section = ''] = (page.split(`\n## ${kind}\n`)[1] ?? '').split('\n## ')
    const fields = [...fieldsOf(schema.shape.spec)]

    expect(fields.length).toBeGreaterThan(5)
    expect(fields.filter((field) => !section.includes(`\`${field}\``))).toEqual([])
  })
})

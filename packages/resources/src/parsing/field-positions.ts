import { type Document, isMap, isNode, isScalar, isSeq, type YAMLMap } from 'yaml'
import type { FieldPath } from './problem.ts'

/**
 * Finds where the fields of a document are in its text. Each map is gone through once, however many
 * of its fields are looked for.
 */
export class FieldPositions {
  readonly #document: Document
  readonly #fields = new WeakMap<YAMLMap, ReadonlyMap<string, unknown>>()

  constructor(document: Document) {
    this.#document = document
  }

  /** The position of a field, or of the nearest part of the document around it. */
  of(path: FieldPath): number {
    let node: unknown = this.#document.contents
    let position = positionOf(node) ?? 0
    for (const step of path) {
      node = this.#child(node, step)
      position = positionOf(node) ?? position
    }
    return position
  }

  #child(node: unknown, step: string | number): unknown {
    if (isSeq(node)) return node.items[Number(step)]
    return isMap(node) ? this.#fieldsOf(node).get(String(step)) : undefined
  }

  #fieldsOf(map: YAMLMap): ReadonlyMap<string, unknown> {
    const known = this.#fields.get(map)
    if (known !== undefined) return known
    const fields = new Map(
      map.items.flatMap(({ key, value }): readonly (readonly [string, unknown])[] =>
        isScalar(key) ? [[String(key.value), value]] : [],
      ),
    )
    this.#fields.set(map, fields)
    return fields
  }
}

function positionOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

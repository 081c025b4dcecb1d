/** Options as a YAML file, each with where it came from. */
import { Document, isMap, isNode, isPair, isScalar, isSeq, type Node, type Pair } from 'yaml'
import type { Path } from './source.ts'

/** @param comment what to say of a part, if there is something to say */
export function writeYaml(
  data: unknown,
  comment: (path: Path) => string | undefined,
  heading: string,
): string {
  const document = new Document(data, { aliasDuplicateObjects: false })
  document.commentBefore = heading
  let latest: string | undefined
  const mark = (node: Node | null, pair: Pair | undefined, path: Path): void => {
    if (path.length > 0) {
      const said = comment(path)
      // what is said of all that is inside is said once
      if (said !== undefined && said !== latest) {
        const isLine = isScalar(node) || isFlow(node)
        if (isLine && node !== null) node.comment = ` ${said}`
        else if (pair !== undefined && isNode(pair.key)) pair.key.commentBefore = ` ${said}`
        else if (node !== null) node.commentBefore = ` ${said}`
      }
    }
    // a comment within a line would break it
    if (isFlow(node)) return
    const before = latest
    latest = path.length > 0 ? (comment(path) ?? latest) : latest
    if (isMap(node))
      for (const item of node.items)
        if (isPair(item) && isScalar(item.key))
          mark(isNode(item.value) ? item.value : null, item, [...path, String(item.key.value)])
    if (isSeq(node))
      for (const [i, item] of node.items.entries())
        if (isNode(item)) mark(item, undefined, [...path, i])
    latest = before
  }
  flatten(document.contents)
  mark(document.contents, undefined, [])
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

const isFlow = (node: Node | null): boolean => (isMap(node) || isSeq(node)) && node.flow === true

/** Short lists and maps of plain values go on one line; what has comments of its own does not. */
function flatten(node: unknown): void {
  if (isSeq(node)) {
    for (const item of node.items) {
      if (isMap(item) && item.items.every(({ value }) => isScalar(value))) item.flow = true
      else flatten(item)
    }
  }
  if (isMap(node)) {
    for (const { value } of node.items) {
      if ((isMap(value) || isSeq(value)) && value.items.length === 0) value.flow = true
      else flatten(value)
    }
  }
}

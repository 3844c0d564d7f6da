import { foldedPairs } from './fold';
import { normalised, type CodePointRange, type PatternNode } from './pattern';

/** The pattern to search a folded text with, so that case does not count. */
export function foldPattern(node: PatternNode): PatternNode {
  switch (node.kind) {
    case 'either':
    case 'sequence':
      return { ...node, nodes: node.nodes.map(foldPattern) };
    case 'repeat':
      return { ...node, node: foldPattern(node.node) };
    case 'literal':
      return { ...node, codePoint: foldedPairs.find(([upper]) => upper === node.codePoint)?.[1] ?? node.codePoint };
    case 'class':
      return { ...node, ranges: withLowerCase(node.ranges) };
    default:
      return node;
  }
}

/** Adds the lower case of each member. Capitals may stay: a folded text has none. */
function withLowerCase(ranges: readonly CodePointRange[]): CodePointRange[] {
  const lower = foldedPairs
    .filter(([upper]) => ranges.some(([first, last]) => first <= upper && upper <= last))
    .map(([, folded]): CodePointRange => [folded, folded]);
  return normalised([...ranges, ...lower]);
}

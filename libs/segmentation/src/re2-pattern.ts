import type { PatternNode } from './pattern';

/** A pattern in the syntax of RE2, with every character as a code point. */
export function re2Pattern(node: PatternNode): string {
  switch (node.kind) {
    case 'either':
      return `(?:${node.nodes.map(re2Pattern).join('|')})`;
    case 'sequence':
      return node.nodes.map(re2Pattern).join('');
    case 'repeat':
      return `(?:${re2Pattern(node.node)}){${node.min},${node.max ?? ''}}`;
    case 'start':
      return '\\A';
    case 'end':
      return '\\z';
    case 'literal':
      return hex(node.codePoint);
    case 'class':
      return `[${node.negated ? '^' : ''}${node.ranges.map(([first, last]) => `${hex(first)}-${hex(last)}`).join('')}]`;
  }
}

function hex(codePoint: number): string {
  return `\\x{${codePoint.toString(16)}}`;
}

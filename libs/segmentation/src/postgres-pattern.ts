import type { PatternNode } from './pattern';

/**
 * A pattern as an advanced regular expression of Postgres. Whatever is not a letter or digit of ASCII is written as a
 * code point, so nothing can be taken for a quantifier, director or class.
 */
export function postgresPattern(node: PatternNode): string {
  switch (node.kind) {
    case 'either':
      return `(?:${node.nodes.map(postgresPattern).join('|')})`;
    case 'sequence':
      return node.nodes.map(postgresPattern).join('');
    case 'repeat':
      return `(?:${postgresPattern(node.node)})${count(node.min, node.max)}`;
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'literal':
      return character(node.codePoint);
    case 'class': {
      const ranges = node.ranges.map(([first, last]) =>
        first === last ? character(first) : `${character(first)}-${character(last)}`,
      );
      return `[${node.negated ? '^' : ''}${ranges.join('')}]`;
    }
  }
}

function count(min: number, max: number | null): string {
  if (max === null) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function character(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  if (/[A-Za-z0-9]/.test(text)) return text;
  const hex = codePoint.toString(16);
  return codePoint > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

import type { SqlText } from './selection';

/**
 * The statement with its values written into it, for what cannot bind (COPY). Only for text made here, which has no
 * `$n` inside quotes. Values are text, finite numbers, booleans and lists of text or numbers.
 */
export function inlineParameters({ text, values }: SqlText): string {
  return text.replace(/\$(\d+)/g, (placeholder, index: string) => {
    const position = Number(index) - 1;
    if (!(position in values)) throw new RangeError(`there is no value for ${placeholder}`);
    return sqlLiteral(values[position]);
  });
}

/** A value as an SQL literal that means the same whatever `standard_conforming_strings` says. */
export function sqlLiteral(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return escaped(value);
    case 'number':
      if (!Number.isFinite(value)) break;
      return escaped(String(value));
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (Array.isArray(value)) return escaped(`{${(value as unknown[]).map(arrayItem).join(',')}}`);
  }
  throw new TypeError(`a ${typeof value} cannot be written into SQL`);
}

function escaped(text: string): string {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) {
    throw new TypeError('text with NUL or half a surrogate pair cannot be written into SQL');
  }
  return `E'${text.replace(/[\\']/g, '$&$&')}'`;
}

function arrayItem(item: unknown): string {
  if (typeof item === 'number' && Number.isFinite(item)) return String(item);
  if (typeof item === 'string') return `"${item.replace(/[\\"]/g, '\\$&')}"`;
  throw new TypeError(`a ${typeof item} cannot be written into an SQL array`);
}

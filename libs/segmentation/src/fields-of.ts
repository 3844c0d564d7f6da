import type { Condition } from './condition';

/** The fields that a condition looks at, each once, in code-point order. */
export function fieldsOf(condition: Condition): string[] {
  const found = new Set<string>();
  const waiting = [condition];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if ('all' in next) waiting.push(...next.all);
    else if ('any' in next) waiting.push(...next.any);
    else if ('not' in next) waiting.push(next.not);
    else found.add(next.field);
  }
  return [...found].sort();
}

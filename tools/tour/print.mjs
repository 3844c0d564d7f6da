import { inspect } from 'node:util';

const ITEMS = 3;

/** A value for reading: long lists are cut, with a word on how much is left out. */
export function abbreviated(value) {
  if (typeof value === 'string') return value;
  const text = inspect(cut(value), { compact: 6, breakLength: 110, depth: 8, maxStringLength: 120 });
  return text.replaceAll('\n', '\n     ');
}

function cut(value) {
  if (Array.isArray(value)) {
    const kept = value.slice(0, ITEMS).map(cut);
    return value.length > ITEMS ? [...kept, `... ${value.length - ITEMS} more`] : kept;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member)]));
}

/** Rows with equal keys as an aligned table. */
export function printTable(rows) {
  const [first] = rows;
  if (!first) return;
  const names = Object.keys(first);
  const width = (name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length));
  const widths = new Map(names.map((name) => [name, width(name)]));
  const line = (cells) =>
    names
      .map((name, i) =>
        i === 0 ? String(cells[name]).padEnd(widths.get(name)) : String(cells[name]).padStart(widths.get(name)),
      )
      .join('  ');
  console.log(`   ${line(Object.fromEntries(names.map((name) => [name, name])))}`);
  for (const row of rows) console.log(`   ${line(row)}`);
}

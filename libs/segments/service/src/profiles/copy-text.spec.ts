import { parseValue, type FieldDefinition } from '@muster/segmentation';
import fc from 'fast-check';
import { cellReader, copyValue, escapeCopy, NULL_CELL, Refused, unescapeCopy } from './copy-text';

const types: FieldDefinition['type'][] = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'string[]'];

/** Text that looks like values of some type, and text that does not. */
const text = fc.oneof(
  fc.integer().map(String),
  fc.stringMatching(/^-?[0-9]{1,17}(\.[0-9]{0,8})?$/),
  fc.stringMatching(/^[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]$/),
  fc.stringMatching(/^[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,4})?Z$/),
  fc.constantFrom(
    'true',
    'no',
    '',
    ' ',
    '-0',
    '0.0',
    '007',
    '1e5',
    '\\N',
    'a\tb',
    'NaN',
    'Infinity',
    '🚀',
    '\ud800',
    'a\0',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

/** What Postgres makes of a cell, as far as the types need it. */
function meaning(type: FieldDefinition['type'], cell: string): unknown {
  if (cell === NULL_CELL) return null;
  if (type === 'integer' || type === 'decimal') return Number(cell);
  if (type === 'datetime') return Date.parse(cell);
  if (type === 'boolean') return cell === 't';
  return unescapeCopy(cell);
}

describe('the reader of cells', () => {
  it.each(types)('takes, and refuses, what parseValue does, with the same value: %s', (type) => {
    const field: FieldDefinition = { name: 'f', type };
    const read = cellReader(field);
    fc.assert(
      fc.property(text, (cell) => {
        const expected = parseValue(field, cell);
        const actual = read(cell);
        if ('problem' in expected) expect(actual).toEqual(new Refused(expected.problem));
        else
          expect(typeof actual === 'string' && meaning(type, actual)).toEqual(meaning(type, copyValue(expected.value)));
      }),
      { numRuns: 3000 },
    );
  });

  it('gives equal values of a unique field one form', () => {
    const read = cellReader({ name: 'f', type: 'decimal', unique: true });
    expect([read('1.50'), read('1.5'), read('+1.5'), read(' 1.5')]).toEqual(['1.5', '1.5', '1.5', '1.5']);
  });

  it('refuses text that no unique index takes', () => {
    const read = cellReader({ name: 'f', type: 'string', unique: true });
    expect(read('é'.repeat(1001))).toBeInstanceOf(Refused);
    expect(read('é'.repeat(1000))).toBe('é'.repeat(1000));
  });

  it('keeps to allowed values', () => {
    const read = cellReader({ name: 'f', type: 'string', allowedValues: ['a', 'b\\'] });
    expect([read('a'), read('b\\'), read('')]).toEqual(['a', 'b\\\\', NULL_CELL]);
    expect(read('c')).toEqual(new Refused('must be one of a, b\\'));
  });
});

describe('text for COPY', () => {
  it('stays in one cell and one line, and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\\', '\t', '\n', '\r', 'N', '.', '\b', '\v') }), (value) => {
        const cell = escapeCopy(value);
        expect(cell).not.toMatch(/[\t\n\r]/);
        expect(cell).not.toBe(NULL_CELL);
        expect(unescapeCopy(cell)).toBe(value);
      }),
    );
  });
});

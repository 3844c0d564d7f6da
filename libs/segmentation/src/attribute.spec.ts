import { checkValue, parseValue } from './attribute';
import type { FieldDefinition, FieldType } from './field';
import { validateFields } from './field-definition';

const field = (type: FieldType, more: Partial<FieldDefinition> = {}): FieldDefinition => ({ name: 'f', type, ...more });

describe('a cell of a file', () => {
  it.each<[FieldType, string, unknown]>([
    ['string', ' a ', ' a '],
    ['string', '', null],
    ['integer', ' +12 ', 12],
    ['integer', '-0', 0],
    ['integer', '9007199254740991', 9007199254740991],
    ['decimal', '12.50', 12.5],
    ['decimal', '.5', 0.5],
    ['decimal', '-0.000000000000001', -1e-15],
    ['boolean', 'YES', true],
    ['boolean', 'f', false],
    ['date', '2024-02-29', '2024-02-29'],
    ['datetime', '2026-03-29T02:30:00.123456+02:00', '2026-03-29T00:30:00.123Z'],
    ['datetime', '2026-03-29 02:30Z', '2026-03-29T02:30:00.000Z'],
    ['string[]', 'a|b||a', ['a', 'b']],
    ['string[]', '["a|b", ""]', ['a|b', '']],
    ['string[]', '[]', []],
    ['date', ' ', null],
  ])('of type %s, %j, is %j', (type, text, value) => {
    expect(parseValue(field(type), text)).toEqual({ value });
  });

  it.each<[FieldType, string]>([
    ['string', 'a\0b'],
    ['string', '\udc00'],
    ['string', 'x'.repeat(4097)],
    ['integer', '1.0'],
    ['integer', '9007199254740992'],
    ['integer', '1e3'],
    ['decimal', '1,5'],
    ['decimal', '0.1234567890123456'],
    ['decimal', '1000000000000000'],
    ['decimal', 'NaN'],
    ['boolean', 'ja'],
    ['date', '2026-02-29'],
    ['date', '0000-01-01'],
    ['date', '29.02.2024'],
    ['datetime', '2026-03-29T02:30:00'],
    ['datetime', '2026-03-29T24:00:00Z'],
    ['datetime', '9999-12-31T23:59:59-01:00'],
    ['string[]', '["a", 1]'],
    ['string[]', '["a"'],
    ['string[]', 'a|b\0'],
  ])('of type %s, %j, is refused', (type, text) => {
    expect(parseValue(field(type), text)).toEqual({ problem: expect.any(String) });
  });

  it('that is required must be there, and must be an allowed value', () => {
    expect(parseValue(field('string', { required: true }), '')).toEqual({ problem: 'is required' });
    const colours = field('string', { allowedValues: ['red', 'blue'] });
    expect(parseValue(colours, 'red')).toEqual({ value: 'red' });
    expect(parseValue(colours, 'Red')).toEqual({ problem: 'must be one of red, blue' });
    expect(checkValue(field('string[]', { allowedValues: ['red'] }), ['red', 'pink'])).toHaveProperty('problem');
  });
});

describe('a value of a body', () => {
  it('has the JSON type of its field', () => {
    expect(checkValue(field('integer'), 5)).toEqual({ value: 5 });
    expect(checkValue(field('integer'), '5')).toHaveProperty('problem');
    expect(checkValue(field('decimal'), 0.1 + 0.2)).toHaveProperty('problem');
    expect(checkValue(field('decimal'), Infinity)).toHaveProperty('problem');
    expect(checkValue(field('boolean'), 1)).toHaveProperty('problem');
    expect(checkValue(field('string[]'), 'a')).toHaveProperty('problem');
    expect(checkValue(field('string'), null)).toEqual({ value: null });
  });
});

describe('field definitions', () => {
  const paths = (fields: unknown): string[] => validateFields(fields).map(({ path }) => path);

  it('are taken when they are right', () => {
    expect(
      validateFields([{ name: 'city', type: 'string', unique: true, allowedValues: ['Bonn'], label: 'City' }]),
    ).toEqual([]);
  });

  it('are refused at the place that is wrong', () => {
    expect(paths('x')).toEqual(['/fields']);
    expect(paths([{ name: 'City', type: 'text', colour: 1 }])).toEqual([
      '/fields/0/colour',
      '/fields/0/name',
      '/fields/0/type',
    ]);
    expect(paths([{ name: 'constructor', type: 'string' }])).toEqual(['/fields/0/name']);
    expect(
      paths([
        { name: 'a', type: 'string' },
        { name: 'a', type: 'date' },
      ]),
    ).toEqual(['/fields/1/name']);
    expect(paths([{ name: 'a', type: 'string[]', unique: true }])).toEqual(['/fields/0/unique']);
    expect(paths([{ name: 'a', type: 'integer', allowedValues: [1, '2', 1] }])).toEqual([
      '/fields/0/allowedValues/1',
      '/fields/0/allowedValues/2',
    ]);
  });
});

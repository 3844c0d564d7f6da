import fc from 'fast-check';
import { CsvReader } from './csv-reader';
import type { FilePlace } from './rows';

type Seen =
  | { readonly cells: readonly string[]; readonly line: number; readonly next: FilePlace }
  | { readonly fault: string; readonly line: number; readonly next: FilePlace };

/** Reads the bytes in pieces that end at these places. */
function read(bytes: Buffer, cuts: readonly number[] = [], delimiter = ',', from?: FilePlace): Seen[] {
  const seen: Seen[] = [];
  const reader = new CsvReader(
    delimiter,
    {
      row: (cells, line, next) => seen.push({ cells: [...cells], line, next }),
      fault: (fault, line, next) => seen.push({ fault, line, next }),
    },
    from,
  );
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let at = 0;
  for (const place of [...places, bytes.length]) {
    reader.push(bytes.subarray(at, place));
    at = place;
  }
  reader.finish();
  return seen;
}

const cellsOf = (text: string, delimiter?: string) =>
  read(Buffer.from(text), [], delimiter).map((row) => ('cells' in row ? row.cells : row.fault));

describe('a CSV reader', () => {
  it.each<[string, string, (readonly string[] | string)[]]>([
    [
      'ends rows at LF',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'ends rows at CRLF',
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'ends rows at CR',
      'a,b\rc,d\r',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['needs no line break at the end', 'a,b', [['a', 'b']]],
    ['takes delimiters in quotes as text', '"a,b",c', [['a,b', 'c']]],
    ['takes line breaks in quotes as text', '"a\r\nb",c\n', [['a\r\nb', 'c']]],
    ['reads doubled quotes as one', '"say ""hi""",x', [['say "hi"', 'x']]],
    ['takes a quote inside an unquoted cell as text', 'a"b,c', [['a"b', 'c']]],
    [
      'keeps empty cells',
      ',\n"",\n',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['passes over empty lines', '\n\na\n\n', [['a']]],
    ['decodes UTF-8', 'Łódź,日本,😀', [['Łódź', '日本', '😀']]],
    [
      'faults text behind a closing quote, and goes on',
      '"a"x,1\nb,2\n',
      ['there is text after a closing quote', ['b', '2']],
    ],
    [
      'faults a quote that is never closed, and goes on at the next line',
      'a,"b\nc,d\n',
      ['a quote is not closed', ['c', 'd']],
    ],
    ['keeps blanks', ' a , b', [[' a ', ' b']]],
  ])('%s', (_, text, expected) => expect(cellsOf(text)).toEqual(expected));

  it('faults a row with bytes that are no UTF-8, and goes on', () => {
    const bytes = Buffer.concat([Buffer.from('a,'), Buffer.from([0xff, 0xfe]), Buffer.from('\nc,d\n')]);
    expect(read(bytes).map((row) => ('cells' in row ? row.cells : row.fault))).toEqual([
      'column 2 is not UTF-8',
      ['c', 'd'],
    ]);
  });

  it('faults an encoded half of a surrogate pair', () => {
    expect(read(Buffer.from([0xed, 0xa0, 0x80]))).toMatchObject([{ fault: 'column 1 is not UTF-8' }]);
  });

  it('faults a cell over 1 MiB once, however it is written', () => {
    const large = 'x'.repeat(3 * 1024 * 1024);
    expect(cellsOf(`${large},1\nb,2\n`)).toEqual(['a cell is larger than 1 MiB', ['b', '2']]);
    expect(cellsOf(`"${large}",1\nb,2\n`)).toEqual(['a cell is larger than 1 MiB', ['b', '2']]);
  });

  it('faults a row over 4 MiB and one of over a thousand columns', () => {
    const row = Array.from({ length: 9 }, () => 'x'.repeat(600_000)).join(',');
    expect(cellsOf(`${row}\nb\n`)).toEqual(['the row is larger than 4 MiB', ['b']]);
    expect(cellsOf(`${','.repeat(2000)}\nb\n`)).toEqual(['the row has more than 1000 columns', ['b']]);
  });

  it('says at which line a row begins, counting those in quotes', () => {
    const rows = read(Buffer.from('a\n"b\nb\r\nb"\n\nc\n"d" x\ne'));
    expect(rows.map((row) => row.line)).toEqual([1, 2, 6, 7, 8]);
  });

  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ';', '\n', '\r', ' ', '\\', '😀'), maxLength: 6 });
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 8 });
  const cuts = fc.array(fc.nat(500), { maxLength: 12 });

  it('reads what was written, however the bytes are cut', () => {
    const breaks = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(table, breaks, fc.constantFrom(',', ';', '\t'), cuts, (rows, lineBreak, delimiter, places) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = rows.map((row) => row.map(quoted).join(delimiter) + lineBreak).join('');
        const seen = read(Buffer.from(text), places, delimiter);
        expect(seen.map((row) => ('cells' in row ? row.cells : row.fault))).toEqual(rows);
      }),
      { numRuns: 1000 },
    );
  });

  const mess = fc.array(
    fc.constantFrom(
      ...['a', '"', '""', ',', '\n', '\r', '\r\n', '\0', '\\', 'Ł'].map((t) => Buffer.from(t)),
      Buffer.from([0xc3]),
    ),
    { maxLength: 40 },
  );

  it('sees the same in any mess, however the bytes are cut', () => {
    fc.assert(
      fc.property(mess, cuts, (parts, places) => {
        const bytes = Buffer.concat(parts);
        expect(read(bytes, places)).toEqual(read(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('goes on after any row of any mess as if it had not stopped', () => {
    fc.assert(
      fc.property(mess, fc.nat(50), (parts, nth) => {
        const bytes = Buffer.concat(parts);
        const whole = read(bytes);
        const stop = whole[nth % (whole.length + 1)];
        if (!stop) return;
        const rest = read(bytes.subarray(stop.next.offset), [], ',', stop.next);
        expect(rest).toEqual(whole.slice(whole.indexOf(stop) + 1));
      }),
      { numRuns: 3000 },
    );
  });
});

import { csvCell, csvLine } from './export-rows';

it('a text that a spreadsheet would take for a formula is made harmless', () => {
  const texts = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx'];
  expect(texts.map(csvCell)).toEqual(texts.map((text) => `'${text}`));
  expect(csvCell('=HYPERLINK("x"),1')).toBe(`"'=HYPERLINK(""x""),1"`);
});

it('numbers stay numbers, missing values are empty', () => {
  expect(csvLine([-5, true, null, undefined, 'a'])).toBe('-5,true,,,a\r\n');
});

it('quotes, commas and line breaks are quoted', () => {
  expect(csvLine(['a"b', 'a,b', 'a\nb'])).toBe('"a""b","a,b","a\nb"\r\n');
});

it('lists stand as JSON', () => {
  expect(csvCell(['a', 'b'])).toBe('"[""a"",""b""]"');
});

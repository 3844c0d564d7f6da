/** A small seeded generator (mulberry32): the same file for the same seed. */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` customers of a bank that does not exist. */
export function bankLikeCsv(count, seed) {
  const random = randomOf(seed);
  const pick = (values) => values[Math.floor(random() * values.length)];
  const rows = ['age;job;marital;education;default;balance;housing;loan'];
  for (let i = 0; i < count; i++) {
    const age = 18 + Math.floor(random() * 60);
    const marital = random() < 0.6 ? 'married' : pick(['single', 'single', 'divorced']);
    const education = pick(['primary', 'secondary', 'secondary', 'secondary', 'tertiary', 'tertiary', 'unknown']);
    const balance = Math.round((random() * random() * 12000 - 900) * 100) / 100;
    const yes = (share) => (random() < share ? 'yes' : 'no');
    const job = pick([
      'admin.',
      'services',
      'technician',
      'management',
      'retired',
      'student',
      '"self-employed; other"',
    ]);
    rows.push([age, job, marital, education, yes(0.02), balance, yes(0.5), yes(0.15)].join(';'));
  }
  return `${rows.join('\n')}\n`;
}

/** Field definitions from the header and the first rows: yes/no is boolean, numbers are numbers, the rest is text. */
export function fieldsOfCsv(csv) {
  const [header = '', ...rows] = csv.slice(0, 200_000).split('\n').slice(0, 500);
  const names = cells(header);
  const sample = rows.slice(0, -1).map(cells);
  return names.map((name, i) => ({ name, type: typeOf(sample.map((row) => row[i] ?? '')) }));
}

function cells(line) {
  return (line.trim().match(/("([^"]|"")*"|[^;]*)(;|$)/g) ?? [])
    .map((cell) => cell.replace(/;$/, '').replace(/^"|"$/g, ''))
    .slice(0, line.split(';').length);
}

function typeOf(values) {
  const all = (pattern) => values.length > 0 && values.every((value) => pattern.test(value));
  if (all(/^(yes|no)$/)) return 'boolean';
  if (all(/^-?\d+$/)) return 'integer';
  if (all(/^-?\d+(\.\d+)?$/)) return 'decimal';
  return 'string';
}

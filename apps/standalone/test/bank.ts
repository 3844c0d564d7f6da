import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Dice } from './oracle/history';

/** Customers of a bank as a file, and what is in it, counted here. */
export interface BankFile {
  readonly name: string;
  readonly file: Uint8Array;
  readonly query: readonly (readonly [string, string])[];
  readonly contentType: string;
  readonly rows: number;
  /** Age 25 to 60, balance above 0, not in default: external ids by marital status and education. */
  readonly selected: ReadonlyMap<string, readonly string[]>;
}

export const BANK_FIELDS = [
  { name: 'age', type: 'integer' },
  { name: 'job', type: 'string' },
  { name: 'marital', type: 'string' },
  { name: 'education', type: 'string' },
  { name: 'in_default', type: 'boolean' },
  { name: 'balance', type: 'integer' },
];

export const MARITAL = ['married', 'single', 'divorced'];
/** `unknown` is in no bucket: those are the residual stratum. */
export const EDUCATION = ['primary', 'secondary', 'tertiary'];

interface Customer {
  readonly id: string;
  readonly age: number;
  readonly marital: string;
  readonly education: string;
  readonly inDefault: boolean;
  readonly balance: number;
}

/** Made up from a seed: with quoted commas, and as it comes from a spreadsheet. */
export function generatedBank(rows: number): BankFile {
  const dice = new Dice(4521);
  const customers = Array.from({ length: rows }, (_, i) => ({
    id: `c-${String(i)}`,
    age: 18 + dice.below(70),
    marital: dice.pick([...MARITAL, 'married', 'married']),
    education: dice.pick([...EDUCATION, 'secondary', 'unknown']),
    inDefault: dice.oneIn(50),
    balance: dice.below(9000) - 1000,
  }));
  const lines = customers.map(
    ({ id, age, marital, education, inDefault, balance }) =>
      `${id},${String(age)},"clerk, ""senior""",${marital},${education},${inDefault ? 'yes' : 'no'},${String(balance)}`,
  );
  const text = `\ufeffexternalId,age,job,marital,education,in_default,balance\r\n${lines.join('\r\n')}\r\n`;
  return bankFile('generated', Buffer.from(text), [], 'text/csv', customers);
}

const REAL = 'uci_bank_full.csv.gz';

/** The folder with real data, or undefined: MUSTER_SHARED_DATA, else shared/data beside the checkout. */
export function sharedData(): string | undefined {
  const folder = process.env['MUSTER_SHARED_DATA'] ?? resolve(__dirname, '../../../../shared/data');
  return existsSync(join(folder, REAL)) ? folder : undefined;
}

/** 45,211 customers of a Portuguese bank (Moro, Cortez, Rita; doi 10.24432/C5K306; CC BY 4.0), `;`-separated. */
export function realBank(folder: string): BankFile {
  const file = readFileSync(join(folder, REAL));
  const [, ...lines] = gunzipSync(file).toString('utf8').trim().split('\n');
  const customers = lines.map((line, i): Customer => {
    const [age = '', , marital = '', education = '', inDefault = '', balance = ''] = line
      .replaceAll('"', '')
      .split(';');
    const id = String(i + 1);
    return { id, age: Number(age), marital, education, inDefault: inDefault === 'yes', balance: Number(balance) };
  });
  const columns = ['age', 'job', 'marital', 'education', 'balance'].map((name) => `${name}=${name}`);
  const query = [
    ['rowNumber', 'true'],
    ['delimiter', ';'],
    ...['default=in_default', ...columns].map((pair) => ['columns', pair] as const),
  ] as const;
  return bankFile('real', file, query, 'application/gzip', customers);
}

function bankFile(
  name: string,
  file: Uint8Array,
  query: BankFile['query'],
  contentType: string,
  customers: readonly Customer[],
): BankFile {
  const selected = new Map<string, string[]>();
  for (const { id, age, marital, education, inDefault, balance } of customers) {
    if (age < 25 || age > 60 || balance <= 0 || inDefault) continue;
    const stratum = EDUCATION.includes(education) ? `${marital} x ${education}` : 'residual';
    selected.set(stratum, [...(selected.get(stratum) ?? []), id]);
  }
  return { name, file, query, contentType, rows: customers.length, selected };
}

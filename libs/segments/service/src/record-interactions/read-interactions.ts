import { DomainError } from '@muster/kernel';
import type { Readable } from 'node:stream';
import { Broken, ImportLimits, unpacked } from '../import-profiles/file-bytes';
import { CsvReader } from '../import-profiles/csv-reader';
import { NdjsonReader } from '../import-profiles/ndjson-reader';
import type { RowReader } from '../import-profiles/rows';
import { interactionMembers } from './interaction';

/** What came in one place of the body: an object to be checked, or what is wrong with the row. */
export type RawInteraction = Readonly<Record<string, unknown>> | { readonly fault: string };

/** In one call. */
export const MOST_INTERACTIONS = 100_000;

class InteractionLimits extends ImportLimits {
  override readonly bytes = 64 * 1024 ** 2;
}

/** The items of a JSON array. Throws `INTERACTIONS_INVALID`, `PAYLOAD_TOO_LARGE`. */
export function interactionsOfJson(body: unknown): RawInteraction[] {
  if (!Array.isArray(body)) throw invalid('The body must be a list of interactions.');
  if (body.length > MOST_INTERACTIONS) throw tooMany();
  return (body as unknown[]).map((item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? (item as Readonly<Record<string, unknown>>)
      : { fault: 'must be an object' },
  );
}

/** The rows of a CSV or NDJSON body, plain or gzip. Throws `INTERACTIONS_INVALID`, `PAYLOAD_TOO_LARGE`. */
export async function interactionsOfFile(body: Readable, isCsv: boolean): Promise<RawInteraction[]> {
  const rows: RawInteraction[] = [];
  const take = (row: RawInteraction): void => {
    if (rows.push(row) > MOST_INTERACTIONS) throw tooMany();
  };
  const reader = isCsv ? csvReader(take) : ndjsonReader(take);
  try {
    for await (const bytes of unpacked(body, new InteractionLimits())) reader.push(bytes);
    reader.finish();
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    if (error.tooLarge) throw tooMany();
    throw invalid(`Nothing was recorded: ${error.message}.`);
  } finally {
    body.resume();
  }
  return rows;
}

function ndjsonReader(take: (row: RawInteraction) => void): RowReader {
  return new NdjsonReader({ row: take, fault: (fault) => take({ fault }) });
}

/** Numbers stand as text in CSV; everything else is text anyway. Columns are separated by commas. */
function csvReader(take: (row: RawInteraction) => void): RowReader {
  let header: readonly string[] | undefined;
  return new CsvReader(',', {
    row(cells) {
      if (!header) {
        header = headerOf(cells);
        return;
      }
      if (cells.length !== header.length) {
        take({ fault: `has ${String(cells.length)} columns, the header has ${String(header.length)}` });
        return;
      }
      const raw: Record<string, unknown> = {};
      header.forEach((name, i) => (raw[name] = name === 'value' ? numberOf(cells[i] ?? '') : cells[i]));
      take(raw);
    },
    fault(fault) {
      if (!header) throw invalid(`The header cannot be read: ${fault}.`);
      take({ fault });
    },
  });
}

function headerOf(cells: readonly string[]): readonly string[] {
  const names = cells.map((cell) => cell.replace(/^\ufeff/, '').trim());
  const unknown = names.filter((name, i) => !interactionMembers.includes(name) || names.indexOf(name) !== i);
  if (unknown.length > 0) {
    throw invalid(
      `The header has columns that are unknown or there twice; allowed are ${interactionMembers.join(', ')}.`,
    );
  }
  return names;
}

function numberOf(cell: string): unknown {
  if (cell === '') return null;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(cell) ? Number(cell) : cell;
}

function invalid(detail: string): DomainError {
  return new DomainError('INTERACTIONS_INVALID', { detail });
}

function tooMany(): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', {
    detail: `One call takes at most ${String(MOST_INTERACTIONS)} interactions and 64 MiB; nothing was recorded.`,
  });
}

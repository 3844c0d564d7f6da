import type { Pool } from 'pg';
import { withTimeout } from './timeout';
import { NumberedEvent, type EventRow } from './stored-event';

/** A page holds at most this many events ... */
export const PAGE_EVENTS = 2_000;
/** ... and this many bytes of data and metadata, but always one event. */
export const PAGE_BYTES = 8 * 1024 * 1024;
/** A filtered page looks at no more than this many events, so that it ends soon where hardly any passes. */
const SCAN_EVENTS = 50_000;
const READ_TIMEOUT_MS = 60_000;

export interface LogPage {
  readonly events: readonly NumberedEvent[];
  /** Everything up to here was looked at. */
  readonly scannedTo: number;
  /** The end of the log when the page was read. */
  readonly head: number;
}

/**
 * Reads by keyset. Pages are cut by the server, by size too: 2,000 large set events would be a gigabyte. Statements
 * that scan the log are planned each time, since the log grows from nothing while connections live; those of a stream,
 * and the poll, are short and are planned once.
 */
export class Pages {
  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
  ) {}

  /** The number of the last event, 0 in an empty log. */
  async head(): Promise<number> {
    const { rows } = await this.pool.query<{ position: string }>(
      withTimeout(
        {
          name: `${this.schema}.head`,
          text: `SELECT position FROM ${this.schema}.event ORDER BY position DESC LIMIT 1`,
        },
        READ_TIMEOUT_MS,
      ),
    );
    return Number(rows[0]?.position ?? 0);
  }

  async stream(stream: string, from: number, backwards: boolean, limit: number): Promise<readonly NumberedEvent[]> {
    const [compare, order] = backwards ? ['<=', 'DESC'] : ['>=', 'ASC'];
    const { rows } = await this.pool.query<EventRow>(
      withTimeout(
        {
          name: `${this.schema}.stream.${order}`,
          text: page(
            `SELECT * FROM ${this.schema}.event WHERE stream = $1 AND revision ${compare} $2 ORDER BY revision ${order} LIMIT $3`,
            `revision ${order}`,
          ),
          values: [stream, from, Math.min(limit, PAGE_EVENTS)],
        },
        READ_TIMEOUT_MS,
      ),
    );
    return rows.map((row) => new NumberedEvent(row));
  }

  /** The last events before `before`, last first. */
  async before(before: number, limit: number): Promise<readonly NumberedEvent[]> {
    const { rows } = await this.pool.query<EventRow>(
      withTimeout(
        {
          text: page(
            `SELECT * FROM ${this.schema}.event WHERE position < $1 ORDER BY position DESC LIMIT $2`,
            'position DESC',
          ),
          values: [before, Math.min(limit, PAGE_EVENTS)],
        },
        READ_TIMEOUT_MS,
      ),
    );
    return rows.map((row) => new NumberedEvent(row));
  }

  /** The first events after `after`, those of these categories if any are given. */
  async after(after: number, limit: number, categories?: readonly string[]): Promise<LogPage> {
    const most = Math.min(limit, PAGE_EVENTS);
    const filter = categories ? `AND split_part(stream, '-', 1) = ANY ($4)` : '';
    const { rows } = await this.pool.query<HeadRow & (FoundRow | EmptyRow)>(
      withTimeout(
        {
          text: `
        SELECT head.head, found.*
        FROM (SELECT coalesce(max(position), 0) AS head FROM ${this.schema}.event) head
        LEFT JOIN (${page(
          `SELECT * FROM ${this.schema}.event
           WHERE position > $1 AND position <= $2 ${filter} ORDER BY position LIMIT $3`,
          'position',
        )}) found ON true`,
          values: [after, after + SCAN_EVENTS, most, ...(categories ? [categories] : [])],
        },
        READ_TIMEOUT_MS,
      ),
    );
    return toLogPage(rows, after, most);
  }
}

interface HeadRow {
  readonly head: string;
}

interface FoundRow extends EventRow {
  /** How many events there were before the page was cut by bytes. */
  readonly candidates: number;
}

interface EmptyRow {
  readonly position: null;
}

function toLogPage(rows: readonly (HeadRow & (FoundRow | EmptyRow))[], after: number, most: number): LogPage {
  const head = Number(rows[0]?.head ?? 0);
  let candidates = 0;
  const events: NumberedEvent[] = [];
  for (const row of rows) {
    if (row.position === null) continue;
    candidates = row.candidates;
    events.push(new NumberedEvent(row));
  }
  const last = events.at(-1);
  const wasCut = last && (candidates === most || events.length < candidates);
  return { events, head, scannedTo: wasCut ? last.number : Math.max(after, Math.min(head, after + SCAN_EVENTS)) };
}

/** Cuts `select` by bytes. Their lengths are known without reading large values, which are stored apart. */
function page(select: string, order: string): string {
  return `
    SELECT position, stream, revision, id, type, candidates,
      convert_from(data, 'UTF8') AS data, convert_from(metadata, 'UTF8') AS metadata
    FROM (
      SELECT *, sum(octet_length(data) + octet_length(metadata)) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)
        - octet_length(data) - octet_length(metadata) AS before_it, (count(*) OVER ())::integer AS candidates
      FROM (${select}) candidate
    ) measured
    WHERE before_it < ${String(PAGE_BYTES)} ORDER BY ${order}`;
}

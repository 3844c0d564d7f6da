import type { Aggregates } from '@muster/aggregates';
import {
  strataOf,
  validateStratification,
  type Bucket,
  type StratificationDefinition,
  type Stratum,
  type StratumFieldType,
} from '@muster/assignment';
import type { StratificationInput, StratificationReference, StratumDescription, UseOf } from '@muster/contracts';
import { contentHash, DomainError, type CommandContext, type FieldProblem } from '@muster/kernel';
import { AGGREGATES, InjectPool } from '@muster/platform';
import { copyBinaryRow, withTransaction } from '@muster/postgres';
import { BLOCK_SIZE, type ProfileSet } from '@muster/profile-set';
import type { SqlText } from '@muster/segmentation';
import type { FieldRecord } from '@muster/segments-events';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { unpacked, unpackedShorts } from '../segments/packed-numbers';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { TypedTables } from '../profiles/typed-tables';
import { strataSql } from './strata-sql';

/** Stratum codes of profiles, in no order. */
interface CodesOfProfiles {
  readonly profileNos: Uint32Array;
  readonly codes: Uint16Array;
}

const MOST_PROFILES = 100_000;
const NOTHING = new Uint8Array();

/** Definitions of strata by their hash, and which stratum profiles are in, evaluated where the attributes are. */
@Injectable()
export class Stratifications {
  private readonly definitions = new Map<string, StratificationDefinition>();

  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly tables: TypedTables,
  ) {}

  /** See `SegmentsApi.registerStratification`. */
  async register(
    databaseId: string,
    input: StratificationInput,
    user: UseOf,
    context: CommandContext,
  ): Promise<StratificationReference> {
    const { fields } = await this.tables.of(databaseId);
    const definition = definitionOf(input, fields);
    const hash = contentHash(definition);
    const command = {
      type: 'RegisterFieldUse',
      fields: definition.fields.map(({ field }) => field),
      user,
    } as const;
    await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
    const strata = strataOf(definition);
    await this.keep(hash, definition, strata);
    return { hash, strata: strata.map((stratum) => stratum.hash) };
  }

  /** See `SegmentsApi.describeStrata`. */
  async describe(hash: string): Promise<readonly StratumDescription[]> {
    const { rows } = await this.pool.query<StratumDescription>(
      'SELECT stratum_hash AS hash, label FROM stratum WHERE stratification_hash = $1 ORDER BY code',
      [hash],
    );
    if (rows.length === 0) throw unknownStratification();
    return rows;
  }

  /** See `SegmentsApi.releaseFieldUses`. */
  async release(
    databaseId: string,
    user: UseOf,
    keep: StratificationReference | null,
    context: CommandContext,
  ): Promise<void> {
    const fields = keep && (await this.definition(keep.hash)).fields.map(({ field }) => field);
    const command = { type: 'ReleaseFieldUse', user, keep: fields } as const;
    await this.aggregates.handle(profileDatabaseAggregate, databaseId, command, context);
  }

  /**
   * The code of each of these profiles (ascending, distinct, 100,000 at most) as of now; profiles that are gone are in
   * the residual stratum.
   */
  async strata(databaseId: string, hash: string, profiles: Uint32Array): Promise<Uint16Array> {
    if (profiles.length > MOST_PROFILES) {
      throw new DomainError('VALIDATION_FAILED', {
        detail: `The strata of at most ${String(MOST_PROFILES)} profiles can be asked for at once.`,
      });
    }
    if (profiles.length === 0) return new Uint16Array(0);
    const where = { text: 'profile_no = ANY ($1::integer[])', values: [Array.from(profiles)] };
    const { profileNos, codes } = await this.codesWhere(databaseId, hash, where);
    const known = new Map<number, number>();
    for (let i = 0; i < profileNos.length; i++) known.set(profileNos[i] ?? 0, codes[i] ?? 0);
    const residual = await this.residual(hash);
    return Uint16Array.from(profiles, (profile) => known.get(profile) ?? residual);
  }

  /** The codes of the profiles with numbers from `fromNo` up to, not including, `toNo`: one for each number. */
  async codesInRange(databaseId: string, hash: string, fromNo: number, toNo: number): Promise<Uint16Array> {
    const where = { text: 'profile_no >= $1::integer AND profile_no < $2::bigint', values: [fromNo, toNo] };
    const { profileNos, codes } = await this.codesWhere(databaseId, hash, where);
    const all = new Uint16Array(toNo - fromNo).fill(await this.residual(hash));
    for (let i = 0; i < profileNos.length; i++) all[(profileNos[i] ?? 0) - fromNo] = codes[i] ?? 0;
    return all;
  }

  /** For each set, which lies inside one block, blocks ascending: the codes of its members, ascending by number. */
  async codesOfBlocks(
    databaseId: string,
    hash: string,
    blocks: readonly ProfileSet[],
  ): Promise<readonly Uint16Array[]> {
    const codes: Uint16Array[] = [];
    for (const neighbours of adjacent(blocks)) {
      const from = startOf(neighbours[0]);
      const known = await this.codesInRange(databaseId, hash, from, from + neighbours.length * BLOCK_SIZE);
      for (const members of neighbours) {
        codes.push(taken(known, members.toArray(), from));
      }
    }
    return codes;
  }

  private async codesWhere(databaseId: string, hash: string, where: SqlText): Promise<CodesOfProfiles> {
    const definition = await this.definition(hash);
    const { table, fields } = await this.tables.of(databaseId);
    const columns = new Map(fields.map((field) => [field.name, field.column]));
    const column = (name: string): string => {
      const found = columns.get(name);
      if (found === undefined) {
        throw new DomainError('FIELD_UNKNOWN', { detail: `The profile database has no field "${name}".` });
      }
      return found;
    };
    const client = await this.pool.connect();
    try {
      const [numbers = NOTHING, codes = NOTHING] = await copyBinaryRow(
        client,
        strataSql(definition, { table, column }, where),
      );
      return { profileNos: unpacked(numbers), codes: unpackedShorts(codes) };
    } finally {
      client.release();
    }
  }

  /** The last code. */
  private async residual(hash: string): Promise<number> {
    const { fields } = await this.definition(hash);
    return fields.length === 0 ? 0 : fields.reduce((cells, { buckets }) => cells * buckets.length, 1);
  }

  private async definition(hash: string): Promise<StratificationDefinition> {
    const cached = this.definitions.get(hash);
    if (cached) return cached;
    const { rows } = await this.pool.query<{ definition: StratificationDefinition }>(
      'SELECT definition FROM stratification_definition WHERE hash = $1',
      [hash],
    );
    const definition = rows[0]?.definition;
    if (!definition) throw unknownStratification();
    this.definitions.set(hash, definition);
    return definition;
  }

  private async keep(hash: string, definition: StratificationDefinition, strata: readonly Stratum[]): Promise<void> {
    await withTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query(
        'INSERT INTO stratification_definition (hash, definition) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [hash, JSON.stringify(definition)],
      );
      if (rowCount === 0) return;
      await client.query(
        `INSERT INTO stratum (stratification_hash, code, stratum_hash, label, fields)
         SELECT $1::text, s.code, s.hash, s.label, s.fields
         FROM jsonb_to_recordset($2::jsonb) s(code integer, hash text, label text, fields jsonb)`,
        [hash, JSON.stringify(strata.map((stratum) => labelled(stratum, definition)))],
      );
    });
  }
}

/** The definition with the types of the fields. Throws `STRATIFICATION_INVALID` with paths. */
function definitionOf(input: StratificationInput, fields: readonly FieldRecord[]): StratificationDefinition {
  const errors: FieldProblem[] = [];
  const typed = input.fields.map(({ field: name, buckets }, i) => {
    const field = fields.find((known) => known.name === name);
    if (!field) errors.push({ path: `/fields/${String(i)}/field`, message: 'the profile database has no such field' });
    if (field?.type === 'string[]') {
      errors.push({ path: `/fields/${String(i)}/field`, message: 'lists cannot be stratified by' });
    }
    return { field: name, type: (field?.type ?? 'string') as StratumFieldType, buckets: buckets.map(bucketOf) };
  });
  const definition = { fields: typed };
  if (errors.length === 0) errors.push(...validateStratification(definition));
  if (errors.length > 0) {
    throw new DomainError('STRATIFICATION_INVALID', { detail: 'The strata cannot be made as they are given.', errors });
  }
  return definition;
}

type InputBucket = StratificationInput['fields'][number]['buckets'][number];

function bucketOf({ label, values, from, to }: InputBucket): Bucket {
  const named = label === undefined ? {} : { label };
  if (values !== undefined)
    return { ...named, values, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  return { ...named, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function labelled({ code, hash, labels }: Stratum, { fields }: StratificationDefinition) {
  if (labels === null) return { code, hash, label: 'residual', fields: {} };
  const label = fields.length === 0 ? 'all' : fields.map(({ field }) => labels[field] ?? '').join(' × ');
  return { code, hash, label, fields: labels };
}

/** Runs of sets of neighbouring blocks: each is read at once. */
function adjacent(blocks: readonly ProfileSet[]): ProfileSet[][] {
  const runs: ProfileSet[][] = [];
  let end = -1;
  for (const members of blocks) {
    const start = startOf(members);
    const run = runs.at(-1);
    if (run && start === end) run.push(members);
    else runs.push([members]);
    end = start + BLOCK_SIZE;
  }
  return runs;
}

/** The codes of these numbers out of those of all numbers from `from` on; a plain loop is five times as fast as others. */
function taken(codes: Uint16Array, numbers: Uint32Array, from: number): Uint16Array {
  const found = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) found[i] = codes[(numbers[i] ?? 0) - from] ?? 0;
  return found;
}

/** The first number of the block that the set lies in. */
function startOf(members: ProfileSet | undefined): number {
  return Math.floor((members?.minimum ?? 0) / BLOCK_SIZE) * BLOCK_SIZE;
}

function unknownStratification(): DomainError {
  return new DomainError('STRATIFICATION_INVALID', { detail: 'There is no stratification with this hash.' });
}

import type { UseOf } from '@muster/contracts';
import { DomainError, type Decider, type FieldProblem, unreachable } from '@muster/kernel';
import { validateField, validateFields, type FieldDefinition } from '@muster/segmentation';
import type { FieldRecord, ImportCompleted, ProfileDatabaseEvent } from '@muster/segments-events';

/** Postgres' `integer`: no profile number is higher. */
export const HIGHEST_NUMBER = 2 ** 31 - 1;

/** What one user (a segment, a campaign, ...) uses of a database. It may use the database and none of its fields. */
interface Use {
  readonly user: UseOf;
  readonly fields: Set<string>;
}

export interface NumberRange {
  /** Inclusive, from 1. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface ProfileDatabase {
  readonly status: 'existing' | 'deleted';
  readonly databaseId: string;
  name: string;
  fields: FieldRecord[];
  readonly salt: string;
  readonly publishExternalIds: boolean;
  /** The `n` of the next column `c<n>`. */
  nextColumn: number;
  /** The next profile number that nobody reserved. */
  nextNumber: number;
  /** By `kind:id` of the user. */
  readonly uses: Map<string, Use>;
  /** Imports that are running, with the last numbers that each reserved and what for. */
  readonly imports: Map<string, { purpose: string; numbers: NumberRange } | null>;
}

export type ProfileDatabaseState = { readonly status: 'nonexistent' } | ProfileDatabase;

export type ProfileDatabaseCommand =
  | {
      readonly type: 'CreateProfileDatabase';
      readonly databaseId: string;
      readonly name: string;
      readonly fields: readonly FieldDefinition[];
      readonly salt: string;
      readonly publishExternalIds: boolean;
    }
  | { readonly type: 'RenameProfileDatabase'; readonly name: string }
  | { readonly type: 'DeleteProfileDatabase' }
  | { readonly type: 'AddField'; readonly field: FieldDefinition }
  | { readonly type: 'RemoveField'; readonly name: string }
  /** The user uses the database and these fields, beside those it used before. */
  | { readonly type: 'RegisterFieldUse'; readonly fields: readonly string[]; readonly user: UseOf }
  /** The user uses no fields but `keep`; with `null` it does not use the database any more. */
  | { readonly type: 'ReleaseFieldUse'; readonly user: UseOf; readonly keep: readonly string[] | null }
  /** A repeat with the same purpose keeps the first range, if that is large enough. */
  | {
      readonly type: 'ReserveProfileNumbers';
      readonly importId: string;
      readonly purpose: string;
      readonly count: number;
    }
  | { readonly type: 'StartImport'; readonly importId: string; readonly mode: 'insert' | 'update' | 'upsert' }
  | ({ readonly type: 'CompleteImport' } & Omit<ImportCompleted['data'], 'databaseId'>)
  | { readonly type: 'FailImport'; readonly importId: string; readonly reason: string };

type Command<T extends ProfileDatabaseCommand['type']> = Extract<ProfileDatabaseCommand, { type: T }>;
type Events = readonly ProfileDatabaseEvent[];

/** The rules of a profile database: its fields, who uses them, its profile numbers and its imports. */
export const profileDatabase: Decider<ProfileDatabaseState, ProfileDatabaseCommand, ProfileDatabaseEvent> = {
  initialState: () => ({ status: 'nonexistent' }),

  decide(command, state) {
    if (command.type === 'CreateProfileDatabase') return create(command, state);
    if (state.status === 'deleted' && command.type === 'DeleteProfileDatabase') return [];
    const database = existing(state);
    switch (command.type) {
      case 'RenameProfileDatabase':
        return rename(command, database);
      case 'DeleteProfileDatabase':
        return remove(database);
      case 'AddField':
        return addField(command, database);
      case 'RemoveField':
        return removeField(command, database);
      case 'RegisterFieldUse':
        return registerFieldUse(command, database);
      case 'ReleaseFieldUse':
        return releaseFieldUse(command, database);
      case 'ReserveProfileNumbers':
        return reserve(command, database);
      case 'StartImport':
        return startImport(command, database);
      case 'CompleteImport':
        return completeImport(command, database);
      case 'FailImport':
        return failImport(command, database);
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    if (event.type === 'ProfileDatabaseCreated') return created(event.data);
    if (state.status === 'nonexistent') throw new Error(`${event.type} before ProfileDatabaseCreated`);
    switch (event.type) {
      case 'ProfileDatabaseRenamed':
        state.name = event.data.name;
        return state;
      case 'ProfileDatabaseDeleted':
        return { ...state, status: 'deleted' };
      case 'FieldAdded':
        state.fields.push(event.data.field);
        state.nextColumn = Math.max(state.nextColumn, columnNumber(event.data.field) + 1);
        return state;
      case 'FieldRemoved':
        state.fields = state.fields.filter((field) => field.name !== event.data.name);
        return state;
      case 'FieldUseRegistered':
        addUse(state, event.data.user, event.data.fields);
        return state;
      case 'FieldUseReleased':
        dropUse(state, event.data.user, event.data.fields);
        return state;
      case 'ProfileNumbersReserved':
        evolveReserved(state, event.data);
        return state;
      case 'ImportStarted':
        state.imports.set(event.data.importId, null);
        return state;
      case 'ImportCompleted':
      case 'ImportFailed':
        state.imports.delete(event.data.importId);
        return state;
      default:
        return unreachable(event);
    }
  },
};

/** The database, or `DATABASE_NOT_FOUND` where it never was or is deleted. */
export function existing(state: ProfileDatabaseState): ProfileDatabase {
  if (state.status !== 'existing') {
    throw new DomainError('DATABASE_NOT_FOUND', { detail: 'There is no profile database with this id.' });
  }
  return state;
}

/** The numbers that were reserved for a step of an import; throws where none were. */
export function reservedNumbers(database: ProfileDatabase, importId: string, purpose: string): NumberRange {
  const reserved = database.imports.get(importId);
  if (reserved?.purpose !== purpose) throw new Error(`import ${importId} has no profile numbers for ${purpose}`);
  return reserved.numbers;
}

function create(command: Command<'CreateProfileDatabase'>, state: ProfileDatabaseState): Events {
  if (state.status !== 'nonexistent') {
    throw new DomainError('CONCURRENT_CHANGE', { detail: 'There is a profile database with this id already.' });
  }
  checkName(command.name);
  refuseFields([...validateFields(command.fields), ...takenNames(command.fields, '/fields/')]);
  return [
    {
      type: 'ProfileDatabaseCreated',
      data: {
        databaseId: command.databaseId,
        name: command.name,
        fields: command.fields.map((field, i) => toRecord(field, i + 1)),
        salt: command.salt,
        publishExternalIds: command.publishExternalIds,
      },
    },
  ];
}

function rename({ name }: Command<'RenameProfileDatabase'>, database: ProfileDatabase): Events {
  checkName(name);
  if (name === database.name) return [];
  return [{ type: 'ProfileDatabaseRenamed', data: { databaseId: database.databaseId, name } }];
}

function remove(database: ProfileDatabase): Events {
  const users = [...database.uses.values()].map((use) => use.user);
  if (users.length > 0) {
    throw new DomainError('DATABASE_IN_USE', {
      detail: `The profile database is used by ${namesOf(users)}.`,
      extra: { users },
    });
  }
  refuseWhileImporting(database, 'deleted');
  return [{ type: 'ProfileDatabaseDeleted', data: { databaseId: database.databaseId } }];
}

function addField({ field }: Command<'AddField'>, database: ProfileDatabase): Events {
  if (database.fields.some((known) => known.name === field.name)) {
    throw new DomainError('FIELD_EXISTS', { detail: `The profile database has a field "${field.name}" already.` });
  }
  refuseFields([...validateField(field), ...takenNames([field])]);
  return [
    {
      type: 'FieldAdded',
      data: { databaseId: database.databaseId, field: toRecord(field, database.nextColumn) },
    },
  ];
}

function removeField({ name }: Command<'RemoveField'>, database: ProfileDatabase): Events {
  if (!database.fields.some((field) => field.name === name)) throw unknownFields([name]);
  const users = [...database.uses.values()].filter((use) => use.fields.has(name)).map((use) => use.user);
  if (users.length > 0) {
    throw new DomainError('FIELD_IN_USE', {
      detail: `The field "${name}" is used by ${namesOf(users)}.`,
      extra: { users },
    });
  }
  refuseWhileImporting(database, 'changed this way');
  return [{ type: 'FieldRemoved', data: { databaseId: database.databaseId, name } }];
}

function registerFieldUse({ fields, user }: Command<'RegisterFieldUse'>, database: ProfileDatabase): Events {
  const unknown = fields.filter((name) => !database.fields.some((field) => field.name === name));
  if (unknown.length > 0) throw unknownFields(unknown);
  const use = database.uses.get(userKey(user));
  const added = [...new Set(fields)].filter((name) => !use?.fields.has(name));
  if (use !== undefined && added.length === 0) return [];
  return [{ type: 'FieldUseRegistered', data: { databaseId: database.databaseId, fields: added, user } }];
}

function releaseFieldUse({ user, keep }: Command<'ReleaseFieldUse'>, database: ProfileDatabase): Events {
  const use = database.uses.get(userKey(user));
  if (!use) return [];
  const { databaseId } = database;
  const released = [...use.fields].filter((name) => !(keep ?? []).includes(name));
  if (keep !== null && released.length === 0) return [];
  const release: ProfileDatabaseEvent = { type: 'FieldUseReleased', data: { databaseId, fields: released, user } };
  // who releases its last field is gone, unless it said that it still uses the database
  return keep !== null && released.length === use.fields.size
    ? [release, { type: 'FieldUseRegistered', data: { databaseId, fields: [], user } }]
    : [release];
}

function reserve({ importId, purpose, count }: Command<'ReserveProfileNumbers'>, database: ProfileDatabase): Events {
  const reserved = database.imports.get(importId);
  if (reserved === undefined) throw new Error(`import ${importId} is not running`);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`cannot reserve ${String(count)} profile numbers`);
  if (reserved?.purpose === purpose && reserved.numbers.to - reserved.numbers.from >= count) return [];
  const from = database.nextNumber;
  if (from + count - 1 > HIGHEST_NUMBER) {
    throw new DomainError('PROFILE_NUMBERS_EXHAUSTED', {
      detail: `The profile database has ${String(HIGHEST_NUMBER - from + 1)} profile numbers left, ${String(count)} are needed.`,
    });
  }
  const { databaseId } = database;
  return [
    { type: 'ProfileNumbersReserved', data: { databaseId, from, to: from + count, purpose: `${importId} ${purpose}` } },
  ];
}

function startImport({ importId, mode }: Command<'StartImport'>, database: ProfileDatabase): Events {
  if (database.imports.has(importId)) return [];
  return [{ type: 'ImportStarted', data: { databaseId: database.databaseId, importId, mode } }];
}

function completeImport(command: Command<'CompleteImport'>, database: ProfileDatabase): Events {
  if (!database.imports.has(command.importId)) return [];
  const { type: _type, ...outcome } = command;
  return [{ type: 'ImportCompleted', data: { databaseId: database.databaseId, ...outcome } }];
}

function failImport({ importId, reason }: Command<'FailImport'>, database: ProfileDatabase): Events {
  if (!database.imports.has(importId)) return [];
  return [{ type: 'ImportFailed', data: { databaseId: database.databaseId, importId, reason } }];
}

function created(data: Extract<ProfileDatabaseEvent, { type: 'ProfileDatabaseCreated' }>['data']): ProfileDatabase {
  return {
    status: 'existing',
    databaseId: data.databaseId,
    name: data.name,
    fields: [...data.fields],
    salt: data.salt,
    publishExternalIds: data.publishExternalIds,
    nextColumn: 1 + Math.max(0, ...data.fields.map(columnNumber)),
    nextNumber: 1,
    uses: new Map(),
    imports: new Map(),
  };
}

function evolveReserved(
  state: ProfileDatabase,
  { from, to, purpose }: { readonly from: number; readonly to: number; readonly purpose: string },
): void {
  state.nextNumber = Math.max(state.nextNumber, to);
  const space = purpose.indexOf(' ');
  const importId = purpose.slice(0, space);
  if (state.imports.has(importId)) {
    state.imports.set(importId, { purpose: purpose.slice(space + 1), numbers: { from, to } });
  }
}

function addUse(state: ProfileDatabase, user: UseOf, fields: readonly string[]): void {
  const use = state.uses.get(userKey(user)) ?? { user, fields: new Set<string>() };
  for (const field of fields) use.fields.add(field);
  state.uses.set(userKey(user), { user, fields: use.fields });
}

function dropUse(state: ProfileDatabase, user: UseOf, fields: readonly string[]): void {
  const use = state.uses.get(userKey(user));
  if (!use) return;
  for (const field of fields) use.fields.delete(field);
  if (use.fields.size === 0) state.uses.delete(userKey(user));
}

function toRecord(field: FieldDefinition, n: number): FieldRecord {
  return {
    name: field.name,
    type: field.type,
    column: `c${String(n)}`,
    ...(field.required ? { required: true } : {}),
    ...(field.unique ? { unique: true } : {}),
    ...(field.allowedValues !== undefined ? { allowedValues: field.allowedValues } : {}),
    ...(field.personal ? { personal: true } : {}),
    ...(field.label !== undefined ? { label: field.label } : {}),
  };
}

function columnNumber(field: FieldRecord): number {
  return Number(field.column.slice(1));
}

function checkName(name: string): void {
  if (name.trim() !== name || name.length < 1 || name.length > 200) {
    throw new DomainError('VALIDATION_FAILED', {
      detail: 'The name of a profile database has 1 to 200 characters and no blanks around it.',
      errors: [{ path: '/name', message: 'must have 1 to 200 characters and no blanks around it' }],
    });
  }
}

/** The published view of the profiles has columns of its own beside those of the fields. */
const VIEW_COLUMNS = ['profile_no', 'external_id'];

function takenNames(fields: readonly FieldDefinition[], root?: string): FieldProblem[] {
  return fields.flatMap(({ name }, i) =>
    VIEW_COLUMNS.includes(name)
      ? [{ path: `${root === undefined ? '' : root + String(i)}/name`, message: `is reserved: ${name}` }]
      : [],
  );
}

function refuseFields(errors: readonly FieldProblem[]): void {
  if (errors.length === 0) return;
  throw new DomainError('FIELD_INVALID', { detail: 'A field definition is not valid.', errors });
}

function unknownFields(names: readonly string[]): DomainError {
  return new DomainError('FIELD_UNKNOWN', {
    detail: `The profile database has no field ${names.map((name) => `"${name}"`).join(', ')}.`,
    extra: { fields: names },
  });
}

function refuseWhileImporting(database: ProfileDatabase, what: string): void {
  if (database.imports.size === 0) return;
  throw new DomainError('IMPORT_IN_PROGRESS', {
    detail: `The profile database cannot be ${what} while an import runs.`,
    extra: { imports: [...database.imports.keys()] },
  });
}

function userKey(user: UseOf): string {
  return `${user.kind}:${user.id}`;
}

function namesOf(users: readonly UseOf[]): string {
  return users.map((user) => `${user.kind} "${user.name}"`).join(', ');
}

import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { UseOf } from '@muster/contracts';

/** A field of a profile database. Allowed values are part of the schema, not of a profile. */
export interface FieldRecord {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'decimal' | 'boolean' | 'date' | 'datetime' | 'string[]';
  /** The column of the typed table: `c1`, `c2` ...; never reused. */
  readonly column: string;
  readonly required?: boolean;
  readonly unique?: boolean;
  readonly allowedValues?: readonly (string | number | boolean)[];
  readonly personal?: boolean;
  readonly label?: string;
}

export type ProfileDatabaseCreated = DomainEvent<
  'ProfileDatabaseCreated',
  {
    readonly databaseId: string;
    readonly name: string;
    readonly fields: readonly FieldRecord[];
    /** 128 bits, lower-case hex: the key of range, limit and global control group. */
    readonly salt: string;
    readonly publishExternalIds: boolean;
  }
>;
export type ProfileDatabaseRenamed = DomainEvent<
  'ProfileDatabaseRenamed',
  { readonly databaseId: string; readonly name: string }
>;
export type ProfileDatabaseDeleted = DomainEvent<'ProfileDatabaseDeleted', { readonly databaseId: string }>;
export type FieldAdded = DomainEvent<'FieldAdded', { readonly databaseId: string; readonly field: FieldRecord }>;
export type FieldRemoved = DomainEvent<'FieldRemoved', { readonly databaseId: string; readonly name: string }>;
export type FieldUseRegistered = DomainEvent<
  'FieldUseRegistered',
  { readonly databaseId: string; readonly fields: readonly string[]; readonly user: UseOf }
>;
export type FieldUseReleased = DomainEvent<
  'FieldUseReleased',
  { readonly databaseId: string; readonly fields: readonly string[]; readonly user: UseOf }
>;
/** Profile numbers `[from, to)` are spoken for before a row is written; gaps are allowed, reuse is not. */
export type ProfileNumbersReserved = DomainEvent<
  'ProfileNumbersReserved',
  { readonly databaseId: string; readonly from: number; readonly to: number; readonly purpose: string }
>;
export type ImportStarted = DomainEvent<
  'ImportStarted',
  { readonly databaseId: string; readonly importId: string; readonly mode: 'insert' | 'update' | 'upsert' }
>;
export type ImportCompleted = DomainEvent<
  'ImportCompleted',
  {
    readonly databaseId: string;
    readonly importId: string;
    readonly rows: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly inserted: number;
    readonly updated: number;
    readonly unchanged: number;
  }
>;
export type ImportFailed = DomainEvent<
  'ImportFailed',
  { readonly databaseId: string; readonly importId: string; readonly reason: string }
>;

export type ProfileDatabaseEvent =
  | ProfileDatabaseCreated
  | ProfileDatabaseRenamed
  | ProfileDatabaseDeleted
  | FieldAdded
  | FieldRemoved
  | FieldUseRegistered
  | FieldUseReleased
  | ProfileNumbersReserved
  | ImportStarted
  | ImportCompleted
  | ImportFailed;

const user: UseOf = { kind: 'campaign', id: 'c-1', name: 'Spring' };

export const profileDatabaseEvents = defineEvents<ProfileDatabaseEvent>('profileDatabase', {
  ProfileDatabaseCreated: {
    version: 1,
    examples: [
      {
        databaseId: 'db-1',
        name: 'Customers',
        fields: [{ name: 'age', type: 'integer', column: 'c1', required: true }],
        salt: '000102030405060708090a0b0c0d0e0f',
        publishExternalIds: true,
      },
    ],
  },
  ProfileDatabaseRenamed: { version: 1, examples: [{ databaseId: 'db-1', name: 'Clients' }] },
  ProfileDatabaseDeleted: { version: 1, examples: [{ databaseId: 'db-1' }] },
  FieldAdded: {
    version: 1,
    examples: [{ databaseId: 'db-1', field: { name: 'city', type: 'string', column: 'c2', personal: true } }],
  },
  FieldRemoved: { version: 1, examples: [{ databaseId: 'db-1', name: 'city' }] },
  FieldUseRegistered: { version: 1, examples: [{ databaseId: 'db-1', fields: ['age'], user }] },
  FieldUseReleased: { version: 1, examples: [{ databaseId: 'db-1', fields: ['age'], user }] },
  ProfileNumbersReserved: {
    version: 1,
    examples: [{ databaseId: 'db-1', from: 1, to: 20001, purpose: 'import i-1' }],
  },
  ImportStarted: { version: 1, examples: [{ databaseId: 'db-1', importId: 'i-1', mode: 'upsert' }] },
  ImportCompleted: {
    version: 1,
    examples: [
      {
        databaseId: 'db-1',
        importId: 'i-1',
        rows: 3,
        accepted: 2,
        rejected: 1,
        inserted: 2,
        updated: 0,
        unchanged: 0,
      },
    ],
  },
  ImportFailed: { version: 1, examples: [{ databaseId: 'db-1', importId: 'i-1', reason: 'the upload ended early' }] },
});

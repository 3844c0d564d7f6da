import type { UseOf } from '@muster/contracts';
import { given as givenOf } from '@muster/kernel/testing';
import type { ProfileDatabaseEvent } from '@muster/segments-events';
import {
  HIGHEST_NUMBER,
  profileDatabase,
  reservedNumbers,
  existing,
  type ProfileDatabaseCommand,
} from './profile-database';

const databaseId = 'db-1';
const salt = '00'.repeat(16);
const created: ProfileDatabaseEvent = {
  type: 'ProfileDatabaseCreated',
  data: {
    databaseId,
    name: 'Customers',
    fields: [
      { name: 'age', type: 'integer', column: 'c1' },
      { name: 'city', type: 'string', column: 'c2' },
    ],
    salt,
    publishExternalIds: true,
  },
};
const campaign: UseOf = { kind: 'campaign', id: 'c-1', name: 'Spring' };
const segment: UseOf = { kind: 'segment', id: 's-1', name: 'Adults' };
const started: ProfileDatabaseEvent = { type: 'ImportStarted', data: { databaseId, importId: 'i-1', mode: 'upsert' } };
const completed: ProfileDatabaseEvent = {
  type: 'ImportCompleted',
  data: { databaseId, importId: 'i-1', rows: 2, accepted: 2, rejected: 0, inserted: 2, updated: 0, unchanged: 0 },
};
const deleted: ProfileDatabaseEvent = { type: 'ProfileDatabaseDeleted', data: { databaseId } };
const uses = (user: UseOf, ...fields: string[]): ProfileDatabaseEvent => ({
  type: 'FieldUseRegistered',
  data: { databaseId, fields, user },
});
const released = (user: UseOf, ...fields: string[]): ProfileDatabaseEvent => ({
  type: 'FieldUseReleased',
  data: { databaseId, fields, user },
});
const reserved = (from: number, to: number, purpose = 'i-1 rows 0'): ProfileDatabaseEvent => ({
  type: 'ProfileNumbersReserved',
  data: { databaseId, from, to, purpose },
});
const reserve = (count: number, purpose = 'rows 0', importId = 'i-1'): ProfileDatabaseCommand => ({
  type: 'ReserveProfileNumbers',
  importId,
  purpose,
  count,
});
const given = (...history: ProfileDatabaseEvent[]) => givenOf(profileDatabase, ...history);

describe('creating a profile database', () => {
  const create = (changes: object = {}): ProfileDatabaseCommand => ({
    type: 'CreateProfileDatabase',
    databaseId,
    name: 'Customers',
    fields: [
      { name: 'age', type: 'integer' },
      { name: 'city', type: 'string', unique: true, required: false },
    ],
    salt,
    publishExternalIds: true,
    ...changes,
  });

  it('gives every field a column of its own', () => {
    const [event] = given().when(create()).events();
    expect(event).toEqual({
      type: 'ProfileDatabaseCreated',
      data: {
        databaseId,
        name: 'Customers',
        fields: [
          { name: 'age', type: 'integer', column: 'c1' },
          { name: 'city', type: 'string', column: 'c2', unique: true },
        ],
        salt,
        publishExternalIds: true,
      },
    });
  });

  it('is refused for a field that is no field, with the path', () => {
    const fields = [
      { name: 'age', type: 'integer' },
      { name: 'Not A Name', type: 'string' },
    ];
    const error = given().when(create({ fields })).thenRejected('FIELD_INVALID');
    expect(error.details.errors?.map((problem) => problem.path)).toEqual(['/fields/1/name']);
  });

  it('is refused for two fields of one name', () => {
    const fields = [
      { name: 'age', type: 'integer' },
      { name: 'age', type: 'string' },
    ];
    given().when(create({ fields })).thenRejected('FIELD_INVALID');
  });

  it.each(['', ' Customers', 'x'.repeat(201)])('is refused for the name %j', (name) => {
    given().when(create({ name })).thenRejected('VALIDATION_FAILED');
  });

  it('is refused where the id is taken', () => {
    given(created).when(create()).thenRejected('CONCURRENT_CHANGE');
  });
});

describe('a profile database', () => {
  it('is renamed', () => {
    given(created)
      .when({ type: 'RenameProfileDatabase', name: 'Clients' })
      .then({ type: 'ProfileDatabaseRenamed', data: { databaseId, name: 'Clients' } });
  });

  it('is not renamed to the name it has', () => {
    given(created).when({ type: 'RenameProfileDatabase', name: 'Customers' }).thenNothing();
  });

  it('is deleted when nothing uses it, once', () => {
    given(created).when({ type: 'DeleteProfileDatabase' }).then(deleted);
    given(created, deleted).when({ type: 'DeleteProfileDatabase' }).thenNothing();
  });

  it('is not deleted while something uses it, even none of its fields, and says what', () => {
    const error = given(created, uses(segment)).when({ type: 'DeleteProfileDatabase' }).thenRejected('DATABASE_IN_USE');
    expect(error.details.extra).toEqual({ users: [segment] });
  });

  it('is not deleted while an import runs', () => {
    given(created, started).when({ type: 'DeleteProfileDatabase' }).thenRejected('IMPORT_IN_PROGRESS');
    given(created, started, completed).when({ type: 'DeleteProfileDatabase' }).then(deleted);
  });

  it('is gone for every command once it is deleted', () => {
    given(created, deleted).when({ type: 'RenameProfileDatabase', name: 'x' }).thenRejected('DATABASE_NOT_FOUND');
    given().when({ type: 'RenameProfileDatabase', name: 'x' }).thenRejected('DATABASE_NOT_FOUND');
  });
});

describe('a field', () => {
  const add = (name: string): ProfileDatabaseCommand => ({ type: 'AddField', field: { name, type: 'date' } });

  it('is added with the next column', () => {
    given(created)
      .when(add('birthday'))
      .then({ type: 'FieldAdded', data: { databaseId, field: { name: 'birthday', type: 'date', column: 'c3' } } });
  });

  it('never gets the column of a removed one', () => {
    const removed: ProfileDatabaseEvent = { type: 'FieldRemoved', data: { databaseId, name: 'city' } };
    const [event] = given(created, removed).when(add('city')).events();
    expect(event).toMatchObject({ data: { field: { column: 'c3' } } });
  });

  it('is not added twice', () => {
    given(created).when(add('city')).thenRejected('FIELD_EXISTS');
  });

  it('is not added with a bad name', () => {
    const error = given(created).when(add('1')).thenRejected('FIELD_INVALID');
    expect(error.details.errors?.[0]?.path).toBe('/name');
  });

  it('is removed', () => {
    given(created)
      .when({ type: 'RemoveField', name: 'city' })
      .then({ type: 'FieldRemoved', data: { databaseId, name: 'city' } });
  });

  it('is not removed when there is none', () => {
    given(created).when({ type: 'RemoveField', name: 'nope' }).thenRejected('FIELD_UNKNOWN');
  });

  it('is not removed while it is used, and says by whom', () => {
    const error = given(created, uses(campaign, 'city'), uses(segment, 'age'))
      .when({ type: 'RemoveField', name: 'city' })
      .thenRejected('FIELD_IN_USE');
    expect(error.details.extra).toEqual({ users: [campaign] });
  });

  it('is removed after its use was released', () => {
    const [event] = given(created, uses(campaign, 'city'), released(campaign, 'city'))
      .when({ type: 'RemoveField', name: 'city' })
      .events();
    expect(event?.type).toBe('FieldRemoved');
  });

  it('is not removed while an import runs', () => {
    given(created, started).when({ type: 'RemoveField', name: 'city' }).thenRejected('IMPORT_IN_PROGRESS');
  });
});

describe('the use of fields', () => {
  const register = (...fields: string[]): ProfileDatabaseCommand => ({
    type: 'RegisterFieldUse',
    fields,
    user: campaign,
  });
  const release = (keep: string[] | null): ProfileDatabaseCommand => ({
    type: 'ReleaseFieldUse',
    user: campaign,
    keep,
  });

  it('is registered once', () => {
    given(created).when(register('age', 'age')).then(uses(campaign, 'age'));
    given(created, uses(campaign, 'age')).when(register('age')).thenNothing();
    given(created, uses(campaign, 'age')).when(register('age', 'city')).then(uses(campaign, 'city'));
  });

  it('may be that of the database and no field', () => {
    given(created).when(register()).then(uses(campaign));
    given(created, uses(campaign)).when(register()).thenNothing();
  });

  it('is refused for a field that is not there', () => {
    const error = given(created).when(register('age', 'nope')).thenRejected('FIELD_UNKNOWN');
    expect(error.details.extra).toEqual({ fields: ['nope'] });
  });

  it('is released but for what is kept', () => {
    given(created, uses(campaign, 'age', 'city'))
      .when(release(['age']))
      .then(released(campaign, 'city'));
    given(created, uses(campaign, 'age'))
      .when(release(['age']))
      .thenNothing();
    given(created).when(release(null)).thenNothing();
  });

  it('that releases all its fields may go on using the database', () => {
    const { when } = given(created, uses(campaign, 'age'));
    when(release([])).then(released(campaign, 'age'), uses(campaign));
    expect(existing(when(release([])).state()).uses.size).toBe(1);
    expect(existing(when(release(null)).state()).uses.size).toBe(0);
  });

  it('of no field is released too', () => {
    expect(existing(given(created, uses(campaign)).when(release(null)).state()).uses.size).toBe(0);
  });
});

describe('profile numbers', () => {
  it('are reserved from 1, one after the other', () => {
    given(created, started).when(reserve(100)).then(reserved(1, 101));
    given(created, started, reserved(1, 101))
      .when(reserve(5, 'rows 100'))
      .then(reserved(101, 106, 'i-1 rows 100'));
  });

  it('are those of the first time for the same purpose', () => {
    const outcome = given(created, started, reserved(1, 101)).when(reserve(100));
    outcome.thenNothing();
    expect(reservedNumbers(existing(outcome.state()), 'i-1', 'rows 0')).toEqual({ from: 1, to: 101 });
    given(created, started, reserved(1, 101)).when(reserve(40)).thenNothing();
  });

  it('are reserved anew where the first range is too small', () => {
    given(created, started, reserved(1, 101)).when(reserve(101)).then(reserved(101, 202));
  });

  it('are never reused, whatever became of the import', () => {
    const failed: ProfileDatabaseEvent = { type: 'ImportFailed', data: { databaseId, importId: 'i-1', reason: 'x' } };
    const second: ProfileDatabaseEvent = {
      type: 'ImportStarted',
      data: { databaseId, importId: 'i-2', mode: 'insert' },
    };
    given(created, started, reserved(1, 101), failed, second)
      .when(reserve(1, 'rows 0', 'i-2'))
      .then(reserved(101, 102, 'i-2 rows 0'));
  });

  it('end at 2^31 - 1', () => {
    const history = [created, started, reserved(1, HIGHEST_NUMBER, 'i-0 rows 0')];
    given(...history)
      .when(reserve(1))
      .then(reserved(HIGHEST_NUMBER, HIGHEST_NUMBER + 1));
    given(...history)
      .when(reserve(2))
      .thenRejected('PROFILE_NUMBERS_EXHAUSTED');
  });

  it('are not to be had without an import', () => {
    expect(() => given(created).when(reserve(1)).events()).toThrow('not running');
  });
});

describe('an import', () => {
  const counts = { rows: 2, accepted: 2, rejected: 0, inserted: 2, updated: 0, unchanged: 0 };

  it('starts once', () => {
    given(created).when({ type: 'StartImport', importId: 'i-1', mode: 'upsert' }).then(started);
    given(created, started).when({ type: 'StartImport', importId: 'i-1', mode: 'upsert' }).thenNothing();
  });

  it('completes once', () => {
    given(created, started)
      .when({ type: 'CompleteImport', importId: 'i-1', ...counts })
      .then(completed);
    given(created, started, completed)
      .when({ type: 'CompleteImport', importId: 'i-1', ...counts })
      .thenNothing();
  });

  it('fails once, and not after it completed', () => {
    given(created, started)
      .when({ type: 'FailImport', importId: 'i-1', reason: 'the upload ended early' })
      .then({ type: 'ImportFailed', data: { databaseId, importId: 'i-1', reason: 'the upload ended early' } });
    given(created, started, completed).when({ type: 'FailImport', importId: 'i-1', reason: 'late' }).thenNothing();
  });
});

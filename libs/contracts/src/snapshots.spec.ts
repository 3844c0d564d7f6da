import { breakingChanges, releaseOf } from './documents/breaking-changes';
import { exampleOf } from './documents/example';
import { SNAPSHOT_DOCUMENTS } from './snapshots';
import { isMusterEvent, isSnapshotDocument } from './validation';

describe.each(SNAPSHOT_DOCUMENTS.map((declared) => [declared.type, declared] as const))('%s', (type, declared) => {
  const example = exampleOf(declared);

  it('has a valid example, which is no event', () => {
    expect(example.type).toBe(type);
    expect(isSnapshotDocument(example)).toBe(true);
    expect(isMusterEvent(example)).toBe(false);
  });

  it('may have fields that are not known, and lacks none that is', () => {
    const data = example.data as Readonly<Record<string, unknown>>;
    expect(isSnapshotDocument({ ...example, more: 1, data: { ...data, more: 1 } })).toBe(true);
    for (const field of Object.keys(data)) {
      expect(isSnapshotDocument({ ...example, data: { ...data, [field]: undefined } })).toBe(false);
    }
  });

  it('keeps its own release, and another one it breaks', () => {
    const released = releaseOf(declared);
    expect(breakingChanges(released, declared)).toEqual([]);
    const { subject: _, ...properties } = released.schema.properties ?? {};
    const schema = { ...released.schema, properties: { ...properties, about: { type: 'string' } } };
    expect(breakingChanges({ ...released, schema }, declared)).toEqual([
      `${type} /about: the field was removed or renamed`,
    ]);
  });
});

it('what is no document of a snapshot is told from one', () => {
  for (const value of [null, 'x', {}, { type: 1 }, { type: 'muster.segments.Snapshot.v1' }]) {
    expect(isSnapshotDocument(value)).toBe(false);
  }
});

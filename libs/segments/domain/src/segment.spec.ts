import { given } from '@muster/kernel/testing';
import type { UseOf } from '@muster/contracts';
import type { SegmentEvent, SelectionRecord } from '@muster/segments-events';
import type { CreateSegment, SegmentCommand } from './segment.commands';
import { requireFillable, segment } from './segment.decider';
import type { Segment } from './segment';

const everyone: SelectionRecord = { conditionHash: null, range: { from: 0, to: 10_000 }, limit: null };
const data: CreateSegment['data'] = {
  segmentId: 's',
  databaseId: 'db',
  name: 'Adults',
  kind: 'static',
  description: '',
  tags: [],
  selection: everyone,
  firstRunId: null,
};
const create = (over: Partial<CreateSegment['data']> = {}): CreateSegment => ({
  type: 'CreateSegment',
  data: { ...data, ...over },
});
const { firstRunId: _, ...createdData } = data;
const created: SegmentEvent = { type: 'SegmentCreated', data: createdData };
const running: SegmentEvent = {
  type: 'SegmentRunStarted',
  data: { segmentId: 's', runId: 'r', cause: 'conditions', selection: everyone },
};
const done: SegmentEvent = {
  type: 'SegmentRunCompleted',
  data: { segmentId: 's', runId: 'r', found: 5, added: 5, removed: 0 },
};
const user: UseOf = { kind: 'campaign', id: 'c', name: 'Spring' };
const used: SegmentEvent = { type: 'SegmentUseRegistered', data: { segmentId: 's', user } };
const deleted: SegmentEvent = { type: 'SegmentDeleted', data: { segmentId: 's' } };
const startRun: SegmentCommand = { type: 'StartRun', data: { runId: 'r2', cause: 'conditions' } };

describe('creating a segment', () => {
  it('can start its first run at once', () => {
    given(segment)
      .when(create({ firstRunId: 'r' }))
      .then(created, running);
  });
  it('is refused where it exists, without a name, or as scheduled', () => {
    given(segment, created).when(create()).thenRejected('SEGMENT_EXISTS');
    given(segment)
      .when(create({ name: '' }))
      .thenRejected('SEGMENT_INVALID');
    given(segment)
      .when(create({ kind: 'scheduled' }))
      .thenRejected('SEGMENT_INVALID');
  });
  it.each([
    [0, 0],
    [10, 5],
    [-1, 5],
    [0, 10_001],
    [0.5, 5],
  ])('refuses the range %d-%d', (from, to) => {
    given(segment)
      .when(create({ selection: { ...everyone, range: { from, to } } }))
      .thenRejected('SEGMENT_INVALID');
  });
  it.each([0, -1, 1.5])('refuses the limit %d', (limit) => {
    given(segment)
      .when(create({ selection: { ...everyone, limit } }))
      .thenRejected('SEGMENT_INVALID');
  });
});

describe('a run', () => {
  it('keeps the selection it started with', () => {
    const changed: SegmentCommand = { type: 'ChangeSegment', data: { selection: { ...everyone, limit: 3 } } };
    const state = given(segment, created, running).when(changed).state() as Extract<Segment, { run: unknown }>;
    expect(state.run?.selection).toEqual(everyone);
    expect(state.selection.limit).toBe(3);
  });
  it('is refused while another is in progress, naming it', () => {
    const error = given(segment, created, running).when(startRun).thenRejected('SEGMENT_RUN_IN_PROGRESS');
    expect(error.details.extra).toEqual({ runId: 'r' });
  });
  it('ends once', () => {
    const complete: SegmentCommand = { type: 'CompleteRun', data: { runId: 'r', found: 5, added: 5, removed: 0 } };
    given(segment, created, running).when(complete).then(done);
    given(segment, created, running, done).when(complete).thenNothing();
  });
  it('that failed leaves the way free for the next', () => {
    const fail: SegmentCommand = { type: 'FailRun', data: { runId: 'r', reason: 'timeout' } };
    const failed = given(segment, created, running).when(fail).events();
    expect(
      given(segment, created, running, ...failed)
        .when(startRun)
        .events(),
    ).toHaveLength(1);
  });
});

describe('filling by hand', () => {
  const stateAfter = (...events: SegmentEvent[]): Segment =>
    events.reduce((state, event) => segment.evolve(state, event), segment.initialState());
  const refusal = (state: Segment): string => {
    try {
      requireFillable(state);
      return 'allowed';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  it('is for static segments that are not being recalculated', () => {
    expect(refusal(stateAfter(created))).toBe('allowed');
    expect(refusal(stateAfter(created, running))).toBe('SEGMENT_RUN_IN_PROGRESS');
    expect(refusal(stateAfter({ ...created, data: { ...createdData, kind: 'dynamic' } }))).toBe('SEGMENT_NOT_STATIC');
    expect(refusal(stateAfter(created, deleted))).toBe('SEGMENT_DELETED');
    expect(refusal(stateAfter())).toBe('SEGMENT_NOT_FOUND');
  });
});

describe('deleting a segment', () => {
  const remove: SegmentCommand = { type: 'DeleteSegment', data: {} };
  it('is refused while something depends on it, with the list', () => {
    const error = given(segment, created, used).when(remove).thenRejected('SEGMENT_IN_USE');
    expect(error.details.extra).toEqual({ users: [user] });
  });
  it('is allowed once the use is released, and can be undone', () => {
    const release: SegmentCommand = { type: 'ReleaseUse', data: { user } };
    const released = given(segment, created, used).when(release).events();
    given(segment, created, used, ...released)
      .when(remove)
      .then(deleted);
    const restore: SegmentCommand = { type: 'RestoreSegment', data: {} };
    given(segment, created, deleted)
      .when(restore)
      .then({ type: 'SegmentRestored', data: { segmentId: 's' } });
  });
  it('keeps new users away', () => {
    given(segment, created, deleted).when({ type: 'RegisterUse', data: { user } }).thenRejected('SEGMENT_DELETED');
  });
  it('registers a use once', () => {
    given(segment, created, used).when({ type: 'RegisterUse', data: { user } }).thenNothing();
  });
});

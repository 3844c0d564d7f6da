import { canonicalJson, DomainError, unreachable, type Decider, type FieldProblem } from '@muster/kernel';
import type { UseOf } from '@muster/contracts';
import type { SegmentEvent, SelectionRecord } from '@muster/segments-events';
import { initialSegment, type ExistingSegment, type Segment } from './segment';
import type { ChangeSegment, CreateSegment, SegmentCommand, StartRun } from './segment.commands';

const MAX_NAME = 200;
const MAX_PROFILES = 2_147_483_647;

/** The rules of one segment: what it selects, its runs, and who depends on it. Its members stand in a stream of their own. */
export const segment: Decider<Segment, SegmentCommand, SegmentEvent> = {
  initialState: initialSegment,

  decide(command, state) {
    if (command.type === 'CreateSegment') return create(command, state);
    const existing = existingSegment(state);
    const { segmentId } = existing;
    switch (command.type) {
      case 'ChangeSegment':
        return change(command, existing);
      case 'StartRun':
        return startRun(command, existing);
      case 'CompleteRun':
        return existing.run?.runId === command.data.runId
          ? [{ type: 'SegmentRunCompleted', data: { segmentId, ...command.data } }]
          : [];
      case 'FailRun':
        return existing.run?.runId === command.data.runId
          ? [{ type: 'SegmentRunFailed', data: { segmentId, ...command.data } }]
          : [];
      case 'RegisterUse':
        return registerUse(command.data.user, existing);
      case 'ReleaseUse':
        return existing.users.has(keyOf(command.data.user))
          ? [{ type: 'SegmentUseReleased', data: { segmentId, user: command.data.user } }]
          : [];
      case 'DeleteSegment':
        return remove(existing);
      case 'RestoreSegment':
        return existing.state === 'deleted' ? [{ type: 'SegmentRestored', data: { segmentId } }] : [];
      default:
        return unreachable(command);
    }
  },

  evolve(state, { type, data }) {
    if (type === 'SegmentCreated') {
      return { ...data, state: 'existing', users: new Map(), run: null, calculated: false };
    }
    const existing = existingSegment(state);
    switch (type) {
      case 'SegmentDescribed':
        return Object.assign(existing, { name: data.name, description: data.description, tags: data.tags });
      case 'SegmentSelectionChanged':
        return Object.assign(existing, { selection: data.selection });
      case 'SegmentUseRegistered':
        existing.users.set(keyOf(data.user), data.user);
        return existing;
      case 'SegmentUseReleased':
        existing.users.delete(keyOf(data.user));
        return existing;
      case 'SegmentRunStarted':
        return Object.assign(existing, { run: { runId: data.runId, cause: data.cause, selection: data.selection } });
      case 'SegmentRunCompleted':
        return Object.assign(existing, { run: null, calculated: true });
      case 'SegmentRunFailed':
        return Object.assign(existing, { run: null });
      case 'SegmentDeleted':
        return Object.assign(existing, { state: 'deleted' } as const);
      case 'SegmentRestored':
        return Object.assign(existing, { state: 'existing' } as const);
      default:
        return unreachable(type);
    }
  },
};

/** Refuses changes of the members by hand, file or API: only a static segment takes them, and not during a run. */
export function requireFillable(state: Segment): ExistingSegment {
  const existing = liveSegment(existingSegment(state));
  if (existing.kind !== 'static') {
    throw new DomainError('SEGMENT_NOT_STATIC', {
      detail: `The segment is ${existing.kind}: its members follow from its conditions.`,
      extra: { kind: existing.kind },
    });
  }
  requireNoRun(existing);
  return existing;
}

export function existingSegment(state: Segment): ExistingSegment {
  if (state.state === 'nonexistent') {
    throw new DomainError('SEGMENT_NOT_FOUND', { detail: 'There is no segment with this id.' });
  }
  return state;
}

function liveSegment(state: ExistingSegment): ExistingSegment {
  if (state.state === 'deleted') {
    throw new DomainError('SEGMENT_DELETED', { detail: 'The segment is in the bin; restore it first.' });
  }
  return state;
}

function requireNoRun(state: ExistingSegment): void {
  if (!state.run) return;
  throw new DomainError('SEGMENT_RUN_IN_PROGRESS', {
    detail: `The recalculation ${state.run.runId} is in progress; wait for its end.`,
    extra: { runId: state.run.runId },
  });
}

function create({ data }: CreateSegment, state: Segment): SegmentEvent[] {
  if (state.state !== 'nonexistent') {
    throw new DomainError('SEGMENT_EXISTS', { detail: `The segment ${data.segmentId} exists already.` });
  }
  if (data.kind === 'scheduled') {
    throw new DomainError('SEGMENT_INVALID', {
      detail: 'A scheduled segment needs a schedule, which this version cannot keep.',
      errors: [{ path: '/kind', message: 'must be static or dynamic' }],
    });
  }
  checkName(data.name);
  checkSelection(data.selection);
  const { firstRunId, ...created } = data;
  const { segmentId, selection } = data;
  const events: SegmentEvent[] = [{ type: 'SegmentCreated', data: created }];
  if (firstRunId !== null) {
    const run = { segmentId, runId: firstRunId, cause: 'conditions', selection } as const;
    events.push({ type: 'SegmentRunStarted', data: run });
  }
  return events;
}

function change({ data }: ChangeSegment, state: ExistingSegment): SegmentEvent[] {
  liveSegment(state);
  const { segmentId } = state;
  const { name = state.name, description = state.description, tags = state.tags, selection = state.selection } = data;
  checkName(name);
  checkSelection(selection);
  const events: SegmentEvent[] = [];
  const described = { name, description, tags };
  if (!sameValue(described, { name: state.name, description: state.description, tags: state.tags })) {
    events.push({ type: 'SegmentDescribed', data: { segmentId, ...described } });
  }
  if (!sameValue(selection, state.selection)) {
    events.push({ type: 'SegmentSelectionChanged', data: { segmentId, selection } });
  }
  return events;
}

function startRun({ data: { runId, cause } }: StartRun, state: ExistingSegment): SegmentEvent[] {
  liveSegment(state);
  requireNoRun(state);
  const { segmentId, selection } = state;
  return [{ type: 'SegmentRunStarted', data: { segmentId, runId, cause, selection } }];
}

function registerUse(user: UseOf, state: ExistingSegment): SegmentEvent[] {
  liveSegment(state);
  if (state.users.has(keyOf(user))) return [];
  return [{ type: 'SegmentUseRegistered', data: { segmentId: state.segmentId, user } }];
}

function remove(state: ExistingSegment): SegmentEvent[] {
  if (state.state === 'deleted') return [];
  requireNoRun(state);
  if (state.users.size > 0) {
    throw new DomainError('SEGMENT_IN_USE', {
      detail: 'Something depends on the segment.',
      extra: { users: [...state.users.values()] },
    });
  }
  return [{ type: 'SegmentDeleted', data: { segmentId: state.segmentId } }];
}

function checkName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new DomainError('SEGMENT_INVALID', {
      detail: 'The name of the segment is not valid.',
      errors: [{ path: '/name', message: `must have 1 to ${String(MAX_NAME)} characters and not be blank` }],
    });
  }
}

function checkSelection({ range, limit }: SelectionRecord): void {
  const errors: FieldProblem[] = [];
  const whole = Number.isInteger(range.from) && Number.isInteger(range.to);
  if (!whole || range.from < 0 || range.from >= range.to || range.to > 10_000) {
    errors.push({ path: '/range', message: 'must hold 0 <= from < to <= 100 with at most two decimals' });
  }
  if (limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_PROFILES)) {
    errors.push({ path: '/limit', message: `must be a whole number from 1 to ${String(MAX_PROFILES)}` });
  }
  if (errors.length > 0) {
    throw new DomainError('SEGMENT_INVALID', { detail: 'The range or limit is not valid.', errors });
  }
}

function sameValue(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function keyOf(user: UseOf): string {
  return `${user.kind}:${user.id}`;
}

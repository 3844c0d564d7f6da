import type { AudienceBuilt, AudienceEvent } from '@muster/audiences-events';
import { DomainError } from '@muster/kernel';
import {
  AudienceLog,
  lcg,
  runBuild,
  runChange,
  startOf,
  stratification,
  type BuildRequest,
  type ChangeRequest,
} from './testing/audience-log';

const SEEDS = Array.from({ length: 9 }, (_, i) => String(i + 1).repeat(32));
const FAR = 3 * 65_536;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function request(overrides: Partial<BuildRequest> & Pick<BuildRequest, 'segment'>): BuildRequest {
  return {
    buildId: 'b-1',
    segmentRevision: 1,
    lcg: lcg(1000),
    stratification: null,
    codeOf: () => 0,
    seed: SEEDS[0]!,
    chunk: 4,
    ...overrides,
  };
}

function change(overrides: Partial<ChangeRequest>): ChangeRequest {
  return { entered: [], left: [], segmentRevision: 2, codeOf: () => 0, seed: SEEDS[1]!, chunk: 8, ...overrides };
}

function built(overrides: Partial<BuildRequest> & Pick<BuildRequest, 'segment'>): AudienceLog {
  const log = new AudienceLog();
  runBuild(log, request(overrides));
  return log;
}

function count(log: AudienceLog, group: 'test' | 'control', among?: readonly number[]): number {
  const groups = log.groups();
  return (among ?? [...groups.keys()]).filter((profile) => groups.get(profile) === group).length;
}

function types(events: readonly AudienceEvent[]): string[] {
  return events.map(({ type }) => type);
}

function lastBuilt(log: AudienceLog): AudienceBuilt['data'] {
  const event = log.events.findLast((candidate): candidate is AudienceBuilt => candidate.type === 'AudienceBuilt');
  if (!event) throw new Error('nothing was built');
  return event.data;
}

describe('the first build', () => {
  it('takes everyone of the segment and makes the share of each stratum control', () => {
    const log = built({
      segment: new Set([...range(1, 61), ...range(FAR, FAR + 60)]),
      stratification: stratification(3),
      codeOf: (profile) => profile % 3,
      lcg: lcg(2500),
    });
    expect(log.groups().size).toBe(120);
    expect(lastBuilt(log)).toMatchObject({
      epoch: 1,
      entered: 120,
      left: 0,
      members: 120,
      control: 30,
      blocks: [0, 3],
    });
    expect(lastBuilt(log).strata).toEqual([0, 1, 2].map((code) => ({ code, n: 40, c: 10 })));
    expect(count(log, 'control')).toBe(30);
  });

  it('makes everyone test where the local control group is off', () => {
    expect(count(built({ segment: new Set(range(1, 100)), lcg: null }), 'control')).toBe(0);
  });

  it('makes an exact number control', () => {
    expect(count(built({ segment: new Set(range(1, 101)), lcg: lcg(null, 7) }), 'control')).toBe(7);
  });

  it('makes everyone control where the exact number is larger than the audience', () => {
    expect(count(built({ segment: new Set(range(1, 6)), lcg: lcg(null, 7) }), 'control')).toBe(5);
  });

  it.each([
    [5000, 20, 20],
    [1000, 20, 10],
  ])('takes the smaller one of %i basis points and %i profiles', (basisPoints, number, control) => {
    expect(count(built({ segment: new Set(range(1, 101)), lcg: lcg(basisPoints, number) }), 'control')).toBe(control);
  });

  it('of an empty segment opens an epoch and leaves an active audience', () => {
    const log = built({ segment: new Set() });
    expect(types(log.events)).toEqual(['AudienceBuildStarted', 'EpochOpened', 'AudienceBuilt']);
    expect(log.state().head).toMatchObject({ status: 'active', members: 0, control: 0, segmentRevision: 1 });
  });

  it('changes nobody before it is closed', () => {
    const log = new AudienceLog();
    log.appendsLeft = 3;
    expect(() => {
      runBuild(log, request({ segment: new Set(range(1, 11)) }));
    }).toThrow();
    expect(types(log.events)).toContain('BuildLabelled');
    expect(log.groups().size).toBe(0);
  });

  it('is not done twice', () => {
    const log = built({ segment: new Set([1, 2]) });
    const events = log.events.length;
    expect(log.handle(startOf(request({ segment: new Set() }), 'another'))).toEqual([]);
    expect(log.events).toHaveLength(events);
  });
});

describe('a change of the segment', () => {
  it('labels newcomers and removes leavers', () => {
    const log = built({ segment: new Set(range(1, 11)), lcg: lcg(5000) });
    runChange(log, change({ entered: range(11, 21), left: [1, 2] }));
    expect([...log.groups().keys()]).toEqual(range(3, 21));
    expect(log.state().head).toMatchObject({ segmentRevision: 2, members: 18, change: null });
    expect(log.state().head.epoch?.tallies).toEqual({ n: [20], c: [10] });
    expect(log.events.at(-1)).toEqual({
      type: 'SegmentChangeApplied',
      data: { campaignId: 'c-1', segmentRevision: 2, entered: 10, left: 2 },
    });
    expect(log.state().head.control).toBe(count(log, 'control'));
  });

  it('is recorded even if it changes nobody, and is applied once', () => {
    const log = built({ segment: new Set([1]) });
    runChange(log, change({ entered: [1], left: [9] }));
    expect(types(log.events.slice(-1))).toEqual(['SegmentChangeApplied']);
    const events = log.events.length;
    runChange(log, change({ entered: [5] }));
    expect(log.events).toHaveLength(events);
  });

  it('labels those anew who left and return', () => {
    const log = built({ segment: new Set(range(1, 201)), lcg: lcg(5000) });
    const before = log.groups();
    runChange(log, change({ left: range(1, 201) }));
    runChange(log, change({ entered: range(1, 201), segmentRevision: 3 }));
    expect(count(log, 'control')).toBe(100);
    expect(log.state().head.epoch?.tallies).toEqual({ n: [400], c: [200] });
    expect(log.groups()).toEqual(before);
    runChange(log, change({ left: range(1, 101), segmentRevision: 4 }));
    runChange(log, change({ entered: range(1, 101), segmentRevision: 5 }));
    expect(count(log, 'control', range(1, 101))).toBe(50);
    expect(log.groups()).not.toEqual(before);
  });

  it('of several appends gives the groups of one', () => {
    const segment = new Set(range(1, 31));
    const entered = [...range(40, 60), ...range(FAR, FAR + 20), ...range(2 * FAR, 2 * FAR + 20)];
    const [whole, parts] = [8, 1].map((chunk) => {
      const log = built({ segment, lcg: lcg(3300) });
      runChange(log, change({ entered, left: [3], chunk }));
      return log;
    });
    expect(parts!.groups()).toEqual(whole!.groups());
    expect(parts!.state().head.epoch).toEqual(whole!.state().head.epoch);
  });

  it('makes newcomers test where the exact number filled at the build', () => {
    const log = built({ segment: new Set(range(1, 101)), lcg: lcg(null, 7) });
    runChange(log, change({ entered: range(101, 201) }));
    expect(count(log, 'control')).toBe(7);
    expect(log.state().head.epoch).toMatchObject({ number: 2, lcg: { basisPoints: 0, count: null } });
  });

  it('never passes the cap of a percent, and opens an epoch without share when it is met', () => {
    const log = built({ segment: new Set(range(1, 101)), lcg: lcg(1000, 13) });
    expect(count(log, 'control')).toBe(10);
    runChange(log, change({ entered: range(101, 201) }));
    expect(count(log, 'control')).toBe(13);
    expect(log.state().head.epoch?.number).toBe(2);
    runChange(log, change({ entered: range(201, 301), segmentRevision: 3 }));
    expect(count(log, 'control')).toBe(13);
    expect(log.state().head.epoch?.number).toBe(2);
  });
});

describe('a paused audience', () => {
  const segment = new Set(range(1, 101));

  it('does not follow its segment', () => {
    const log = built({ segment });
    expect(types(log.handle({ type: 'Pause' }))).toEqual(['AudiencePaused']);
    runChange(log, change({ entered: [500] }));
    expect(log.groups().has(500)).toBe(false);
    expect(log.handle({ type: 'Pause' })).toEqual([]);
  });

  it('takes the net difference at the next activation, and those who came back keep their group', () => {
    const log = built({ segment, lcg: lcg(5000) });
    const before = log.groups();
    log.handle({ type: 'Pause' });
    const later = new Set([...range(11, 101), ...range(200, 210)]);
    runBuild(log, request({ buildId: 'b-2', segment: later, segmentRevision: 9, lcg: lcg(5000), seed: SEEDS[2]! }));
    expect(lastBuilt(log)).toMatchObject({ entered: 10, left: 10, members: 100, epoch: 1 });
    const after = log.groups();
    expect(range(11, 101).map((profile) => after.get(profile))).toEqual(
      range(11, 101).map((profile) => before.get(profile)),
    );
    expect(log.state().head.epoch?.tallies).toEqual({ n: [110], c: [55] });
  });
});

describe('settings that changed while the audience was paused', () => {
  const segment = new Set(range(1, 101));
  const wider = new Set(range(1, 201));

  function rebuilt(before: Partial<BuildRequest>, after: Partial<BuildRequest>): AudienceLog {
    const log = built({ segment, ...before });
    log.handle({ type: 'Pause' });
    runBuild(log, request({ buildId: 'b-2', segment: wider, segmentRevision: 9, seed: SEEDS[2]!, ...after }));
    return log;
  }

  it('open an epoch: members keep their group and newcomers have the new share', () => {
    const log = rebuilt({ lcg: lcg(1000) }, { lcg: lcg(5000) });
    expect(count(log, 'control', range(1, 101))).toBe(10);
    expect(count(log, 'control', range(101, 201))).toBe(50);
    expect(log.state().head.epoch).toMatchObject({ number: 2, seed: SEEDS[2], tallies: { n: [100], c: [50] } });
  });

  it('fill the control group from newcomers only when it is switched on', () => {
    const log = rebuilt({ lcg: null }, { lcg: lcg(1000) });
    expect(count(log, 'control', range(1, 101))).toBe(0);
    expect(count(log, 'control', range(101, 201))).toBe(10);
  });

  it('make everyone test when the control group is switched off, and say who changed group', () => {
    const log = rebuilt({ lcg: lcg(1000) }, { lcg: null, segment: new Set(range(51, 101)) });
    expect(count(log, 'control')).toBe(0);
    expect(log.state().head.control).toBe(0);
    const moved = log.events.flatMap((event) => (event.type === 'ProfilesChangedGroup' ? [event.data.count] : []));
    const left = log.events.flatMap((event) => (event.type === 'BuildPlanned' ? [event.data.leaverControlCount] : []));
    expect([...moved, ...left].reduce((sum, n) => sum + n, 0)).toBe(10);
    expect(moved[0]).toBeGreaterThan(0);
  });

  it('form the control group anew of newcomers when the strata are others', () => {
    const log = rebuilt(
      { stratification: null },
      { stratification: stratification(2, 'b'), codeOf: (profile) => profile % 2 },
    );
    expect(count(log, 'control', range(1, 101))).toBe(0);
    expect(log.state().head.epoch?.tallies).toEqual({ n: [50, 50], c: [5, 5] });
  });

  it('count the control members that stay towards the number that caps a percent', () => {
    const log = rebuilt({ lcg: lcg(1000) }, { lcg: lcg(5000, 15) });
    expect(count(log, 'control')).toBe(15);
  });
});

describe('a build that is cancelled', () => {
  it('leaves everyone as they were and the audience paused', () => {
    const log = built({ segment: new Set([1, 2, 3]) });
    const before = log.groups();
    log.appendsLeft = 2;
    expect(() => {
      runBuild(log, request({ buildId: 'b-2', segment: new Set([7, 8]), segmentRevision: 4 }));
    }).toThrow();
    log.appendsLeft = Infinity;
    log.handle({ type: 'CancelBuild', buildId: 'b-2' });
    expect(log.groups()).toEqual(before);
    expect(log.state().head).toMatchObject({ status: 'paused', build: null, closedBuildId: 'b-2' });
    runBuild(log, request({ buildId: 'b-3', segment: new Set([2, 9]), segmentRevision: 5 }));
    expect([...log.groups().keys()]).toEqual([2, 9]);
  });

  it('after it was closed pauses the audience', () => {
    const log = built({ segment: new Set([1]) });
    expect(types(log.handle({ type: 'CancelBuild', buildId: 'b-1' }))).toEqual(['AudiencePaused']);
    expect(log.handle({ type: 'CancelBuild', buildId: 'b-0' })).toEqual([]);
  });

  it('may be planned anew under another run', () => {
    const log = new AudienceLog();
    const wanted = request({ segment: new Set([1, 2]) });
    log.handle(startOf(wanted, 'b-1-run'));
    log.handle({ type: 'AbandonRun', runId: 'b-1-run' });
    expect(log.state().head).toMatchObject({ build: null, closedBuildId: null, buildSteps: 2 });
    log.handle(startOf(wanted, 'another'));
    expect(log.state().head).toMatchObject({ build: { runId: 'another' }, buildSteps: 3 });
  });
});

describe('completion', () => {
  it('removes everyone for ever, in as many appends as it takes', () => {
    const log = built({ segment: new Set([1, 2, FAR]), lcg: lcg(5000) });
    log.handle({ type: 'ExcludeAll', campaignId: 'c-1', blocks: [0], closes: false });
    log.handle({ type: 'ExcludeAll', campaignId: 'c-1', blocks: [3], closes: true });
    expect(log.events.at(-1)).toEqual({
      type: 'AudienceExcluded',
      data: { campaignId: 'c-1', databaseId: 'db-1', left: 3 },
    });
    expect(log.groups().size).toBe(0);
    expect(log.state().head).toMatchObject({ status: 'excluded', members: 0, control: 0 });
    expect(log.handle({ type: 'ExcludeAll', campaignId: 'c-1', blocks: [], closes: true })).toEqual([]);
    expect(() => log.handle(startOf(request({ buildId: 'b-9', segment: new Set() }), 'r'))).toThrow(DomainError);
  });

  it('of a campaign that never had an audience says so', () => {
    const log = new AudienceLog();
    log.handle({ type: 'ExcludeAll', campaignId: 'c-1', blocks: [], closes: true });
    expect(log.events).toEqual([{ type: 'AudienceExcluded', data: { campaignId: 'c-1', databaseId: null, left: 0 } }]);
  });
});

it('a failure is recorded until the build is closed, and numbers the next append', () => {
  const log = new AudienceLog();
  const failure = {
    type: 'ReportBuildFailure',
    campaignId: 'c-1',
    buildId: 'b-1',
    reason: 'segments is away',
  } as const;
  log.handle(failure);
  expect(log.state().head).toMatchObject({ status: 'empty', lastBuildId: 'b-1', buildSteps: 1 });
  runBuild(log, request({ segment: new Set([1]) }));
  expect(log.state().head).toMatchObject({ status: 'active', lastBuildId: 'b-1', buildSteps: 6 });
  expect(log.handle(failure)).toEqual([]);
});

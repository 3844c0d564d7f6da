import type { AudienceEvent } from '@muster/audiences-events';
import { ProfileSet } from '@muster/profile-set';
import { AudienceLog, lcg, runBuild, runChange, stratification } from './testing/audience-log';
import { verifyAudience } from './verify-audience';

const codeOf = (profile: number): number => profile % 2;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function record(): AudienceEvent[] {
  const log = new AudienceLog();
  const strata = stratification(2);
  const build = { segmentRevision: 1, lcg: lcg(3300), stratification: strata, codeOf, chunk: 1 };
  runBuild(log, { ...build, buildId: 'b-1', segment: new Set(range(1, 80)), seed: '1'.repeat(32) });
  const entered = [...range(100, 130), ...range(70_000, 70_040)];
  runChange(log, { entered, left: [3], segmentRevision: 2, codeOf, seed: '2'.repeat(32), chunk: 1 });
  log.handle({ type: 'Pause' });
  const later = new Set([...range(1, 150), ...range(70_000, 70_040)]);
  runBuild(log, { ...build, segmentRevision: 5, buildId: 'b-2', segment: later, seed: '3'.repeat(32) });
  return log.events;
}

async function verify(events: readonly AudienceEvent[]) {
  return verifyAudience(
    (async function* () {
      yield* events;
    })(),
  );
}

it('a record that its seeds led to agrees, batch by batch', async () => {
  expect(await verify(record())).toEqual([
    { epoch: 1, kind: 'build', buildId: 'b-1', entered: 79, control: expect.any(Number), agrees: true, differing: 0 },
    {
      epoch: 1,
      kind: 'segment',
      segmentRevision: 2,
      entered: 70,
      control: expect.any(Number),
      agrees: true,
      differing: 0,
    },
    { epoch: 1, kind: 'build', buildId: 'b-2', entered: 41, control: expect.any(Number), agrees: true, differing: 0 },
  ]);
});

it.each(['BuildLabelled', 'ProfilesEnteredCampaign'] as const)('a changed %s is found', async (type) => {
  const forged = record().map((event): AudienceEvent => {
    if (event.type !== type) return event;
    const members = ProfileSet.decodeBase64(event.data.control).toArray().slice(1);
    return { ...event, data: { ...event.data, control: ProfileSet.of(members).encodeBase64() } } as AudienceEvent;
  });
  expect((await verify(forged)).filter(({ agrees }) => !agrees).length).toBeGreaterThan(0);
});

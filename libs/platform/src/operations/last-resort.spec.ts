import { LastResort } from './last-resort';

describe('a process in which something goes no further', () => {
  const ended: string[] = [];
  let time = 0;
  beforeEach(() => {
    ended.length = 0;
    time = 1_000_000;
  });
  const started = (): LastResort =>
    new LastResort(
      (reason) => ended.push(reason),
      () => time,
    );

  it('ends where that ran for a while: the next one may do better', () => {
    const lastResort = started();
    time += 60_001;
    lastResort.stopped('segments.relay-sets');
    lastResort.stalled('audiences.intake');
    expect(ended).toEqual(['segments.relay-sets stopped', 'audiences.intake does not move']);
  });

  it('stays where that stopped within a minute of the start: the next one would too', () => {
    const lastResort = started();
    time += 60_000;
    lastResort.stopped('segments.relay-sets');
    expect(ended).toEqual([]);
  });
});

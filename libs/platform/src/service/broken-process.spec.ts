import { BrokenProcess } from './broken-process';

const never = (): Promise<void> => new Promise(() => undefined);

describe('a process that goes no further', () => {
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  });
  afterEach(() => jest.restoreAllMocks());

  const exitOf = (close: () => Promise<void>, closeWithinMs = 60_000): Promise<number> =>
    new Promise((exit) => {
      const broken = new BrokenProcess(close, closeWithinMs, exit);
      broken.end('a consumer does not move');
      broken.end('something else');
    });

  it.each([
    ['closed', () => Promise.resolve()],
    ['failed to close', () => Promise.reject(new Error('no'))],
  ])('ends with 1 when it has %s, and says why once', async (_, close) => {
    expect(await exitOf(close)).toBe(1);
    expect(said).toEqual([
      'This process ends to be started anew: a consumer does not move. Nothing acknowledged is lost.\n',
    ]);
  });

  it('ends with 1 when closing takes too long', async () => {
    expect(await exitOf(never, 1)).toBe(1);
  });
});

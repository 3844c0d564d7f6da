import { KafkaProbe } from './kafka-probe';

const never = (): Promise<void> => new Promise(() => undefined);

describe('the question how Kafka is', () => {
  it('is asked anew each time, and its answer is told', async () => {
    const answers = [Promise.reject(new Error('away')), Promise.resolve(), Promise.reject(new Error('gone'))];
    const probe = new KafkaProbe(() => answers.shift() ?? never());
    expect([await probe.ask(), await probe.ask(), await probe.ask()]).toEqual([
      new Error('away'),
      undefined,
      new Error('gone'),
    ]);
  });

  it('is asked once while it is open, and what was heard before holds until it is answered', async () => {
    let asked = 0;
    const probe = new KafkaProbe(() => (++asked === 1 ? Promise.reject(new Error('away')) : never()), 0);
    expect(await probe.ask()).toEqual(new Error('away'));
    expect(await Promise.all([probe.ask(), probe.ask()])).toEqual([new Error('away'), new Error('away')]);
    expect(asked).toBe(2);
  });

  it('is no reason to worry while Kafka is slow, and one when it stays silent', async () => {
    expect(await new KafkaProbe(never).ask()).toBeUndefined();
    expect(await new KafkaProbe(never, 0).ask()).toEqual(new Error('no answer in time'));
  });
});

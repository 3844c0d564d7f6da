import { pause } from '@muster/postgres';

const ANSWER_WITHIN_MS = 1_000;
const SILENT_AFTER_MS = 5_000;

/** Asks Kafka how it is, one question at a time, and answers soon: with what was heard last where Kafka is slow. */
export class KafkaProbe {
  private asking: { readonly since: number; readonly answer: Promise<void> } | undefined;
  /** Why the last question that came to an end failed. */
  private trouble: unknown;

  constructor(
    private readonly question: () => Promise<void>,
    private readonly silentAfterMs = SILENT_AFTER_MS,
  ) {}

  /** Undefined where nothing is known to be wrong. */
  async ask(): Promise<unknown> {
    const { since, answer } = (this.asking ??= { since: performance.now(), answer: this.answer() });
    const answered = new AbortController();
    const heard = await Promise.race([answer.then(() => true), pause(ANSWER_WITHIN_MS, answered.signal)]);
    answered.abort();
    if (heard !== true && this.trouble === undefined && performance.now() - since > this.silentAfterMs) {
      return new Error('no answer in time');
    }
    return this.trouble;
  }

  private async answer(): Promise<void> {
    try {
      await this.question();
      this.trouble = undefined;
    } catch (error) {
      this.trouble = error;
    } finally {
      this.asking = undefined;
    }
  }
}

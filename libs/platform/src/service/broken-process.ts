const CLOSE_WITHIN_MS = 20_000;

/** Ends a process that goes no further, so that whoever supervises it starts a new one: what is in hand is finished first. */
export class BrokenProcess {
  private ending = false;

  constructor(
    private readonly close: () => Promise<void>,
    private readonly closeWithinMs = CLOSE_WITHIN_MS,
    private readonly exit: (code: number) => void = (code) => process.exit(code),
  ) {}

  /** Once: what breaks while it is ending changes nothing. Exits with 1, also where closing fails or takes too long. */
  end(reason: string): void {
    if (this.ending) return;
    this.ending = true;
    process.stderr.write(`This process ends to be started anew: ${reason}. Nothing acknowledged is lost.\n`);
    const late = setTimeout(() => this.exit(1), this.closeWithinMs);
    const done = (): void => {
      clearTimeout(late);
      this.exit(1);
    };
    this.close().then(done, done);
  }
}

/** Lets all who wait go on. */
export class Signal {
  private waiting: (() => void)[] = [];

  fire(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

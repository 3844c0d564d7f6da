import { Injectable } from '@nestjs/common';

/** Tells people what is missing, or `null`; answers within a second or two. */
export type DependencyCheck = () => Promise<string | null>;

/** Other services that this process calls. Without them it answers what it can: readiness says `degraded`. */
@Injectable()
export class Dependencies {
  private readonly checks: DependencyCheck[] = [];

  add(check: DependencyCheck): void {
    this.checks.push(check);
  }

  async missing(): Promise<readonly string[]> {
    const reasons = await Promise.all(this.checks.map((check) => check()));
    return reasons.filter((reason) => reason !== null);
  }
}

import { SYSTEM, type Clock, type IdGenerator } from '@muster/kernel';
import { CLOCK, IDS, parseKey, type Role } from '@muster/platform';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { IssueApiKey } from '../issue-api-key/issue-api-key.handler';

export interface BootstrapKey {
  /** `mk_<keyId>_<secret>` */
  readonly token: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Keys that come with the installation, not by a request: without one, nobody could issue the first. */
@Injectable()
export class BootstrapKeys {
  constructor(
    private readonly commands: CommandBus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdGenerator,
  ) {}

  /** Makes the key valid where it is not yet. Throws `API_KEY_EXISTS` where its id is taken or was revoked. */
  async ensureBootstrapKey({ token, name, roles }: BootstrapKey): Promise<void> {
    const key = parseKey(token);
    if (!key) throw new Error('a key has the form mk_<UUID>_<32 to 200 visible ASCII characters>');
    const context = { actor: SYSTEM, correlationId: this.ids.next(), now: this.clock.now() };
    await this.commands.execute(new IssueApiKey({ ...key, name, roles, expiresAt: null }, context));
  }
}
